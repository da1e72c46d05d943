// One call of the model: its money set aside, sent on, its answer passed back and counted, its money settled.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '#core/ports/log.ts';
import { failureOfStatus } from '#worker/claude/failure.ts';
import type { ModelView } from '#worker/claude/verdict.ts';
import type { Beta } from './betas.ts';
import type { InputBound, createInputBounds } from './bound.ts';
import type { Upstream } from './forward.ts';
import { callUpstream, sendBack } from './forward.ts';
import type { Measuring, Meter } from './meter.ts';
import type { Purse, Terms } from './purse.ts';
import { priceOf, termsOf, withTerms } from './purse.ts';
import type { Refuse } from './refusal.ts';
import { forbidden, tooMany } from './refusal.ts';
import type { ModelRequest } from './request.ts';

export type Door = {
  upstream: Upstream;
  budgetUsd: number;
  onSpent?: ((usd: number) => void) | undefined;
  meter: Meter;
  purse: Purse;
  bounds: ReturnType<typeof createInputBounds>;
  refuse: Refuse;
  now: () => number;
  log: Log;
  signal: AbortSignal;
  modelView: ModelView;
  isOverBudget: boolean;
};

type Asked = { request: IncomingMessage; response: ServerResponse; asked: ModelRequest; betas: Beta[] };

export const passOn = async (door: Door, call: Asked): Promise<void> => {
  const { asked, betas, response } = call;
  const bound = door.bounds(asked, betas);
  const terms = termsOf(asked, { inputTokens: bound.tokens, leftUsd: door.purse.leftUsd() });
  if (!terms) return refuseForMoney(door, call, bound);
  const open: Open = {
    ...call,
    terms,
    bound,
    settle: door.purse.reserve(terms.usd),
    startedAt: door.now(),
    measured: door.meter.begin(asked.model),
    ...watch(door, response),
  };
  const answer = await ask(door, open);
  if (!answer) return;
  const { measured, fate } = open;
  const onBroken = () => {
    if (open.signal.aborted) return;
    fate.isBroken = true;
    door.modelView = 'unreachable';
  };
  try {
    const meter = measured.read(answer.headers.get('content-type') ?? '');
    await sendBack(answer, response, { meter, onBroken });
    door.modelView = failureOfStatus(answer.status) ?? (measured.isWhole() ? 'well' : 'unclear');
  } finally {
    settle(door, open, answer.ok ? costOf(door, open) : 0); // an error costs nothing
    const ms = Math.round(door.now() - open.startedAt);
    door.log.info('model call', { status: answer.status, ms, ...measured.usage() });
  }
};

/** How the call ends where it does not come to its end. */
type Fate = { isBroken: boolean; isHungUp: boolean };

const watch = (door: Door, response: ServerResponse) => {
  const fate: Fate = { isBroken: false, isHungUp: false };
  const closed = new AbortController();
  response.once('close', () => {
    fate.isHungUp = !response.writableFinished && !fate.isBroken && !door.signal.aborted;
    closed.abort();
  });
  return { fate, signal: AbortSignal.any([door.signal, closed.signal]) };
};

/** With another call under way it may be that its end leaves enough. */
const refuseForMoney = (door: Door, { asked, response }: Asked, bound: InputBound): void => {
  const leftUsd = door.budgetUsd - door.purse.spentUsd();
  if (termsOf(asked, { inputTokens: bound.tokens, leftUsd }))
    return door.refuse(response, tooMany('the budget is set aside for other calls', 1));
  door.isOverBudget = true;
  const message = `the budget of $${door.budgetUsd} does not leave enough for this call`;
  door.refuse(response, forbidden(message));
};

type Open = Asked & {
  terms: Terms;
  bound: InputBound;
  settle: (usd: number) => void;
  startedAt: number;
  measured: Measuring;
  fate: Fate;
  /** Aborted when the client is gone or the run is over. */
  signal: AbortSignal;
};

/** undefined when there is no answer to pass on, and all is said and settled. */
const ask = async (door: Door, open: Open): Promise<Response | undefined> => {
  const { request, response, asked, betas, terms, signal } = open;
  try {
    return await callUpstream({
      upstream: door.upstream,
      query: request.url?.split('?')[1] ?? '',
      userAgent: request.headers['user-agent'],
      betas,
      request: withTerms(asked, terms),
      signal,
    });
  } catch (error) {
    settle(door, open, signal.aborted ? costOf(door, open) : 0); // it may have been read all the same
    if (signal.aborted) return void response.destroy();
    door.modelView = 'unreachable';
    door.log.warn('model not reached', named(error));
    door.refuse(response, { status: 502, type: 'api_error', message: 'the model cannot be reached' });
    return undefined;
  }
};

const settle = (door: Door, open: Open, usd: number) => {
  open.settle(usd);
  door.onSpent?.(door.purse.spentUsd());
};

/**
 * By the answer, where it came to its end. A client that hangs up pays what was set aside: how much the provider had
 * written by then nobody says, and hanging up early must not be cheap.
 */
const costOf = (door: Door, open: Open): number => {
  const { measured, terms, bound, fate } = open;
  const { costUsd } = measured.usage();
  if (measured.isWhole()) {
    bound.learn(measured.inputTokens());
    return costUsd;
  }
  return fate.isHungUp ? Math.max(terms.usd, costUsd) : estimateOf(door, open);
};

/** Of any model: several times what the fastest one writes. */
const mostTokensPerMs = 0.5;

/**
 * When the provider broke off or we stop the run the client has no part in it, and a run that goes on later needs what is
 * left: it pays no more than can have been written in that time.
 */
const estimateOf = (door: Door, { asked, terms, startedAt, measured }: Open): number => {
  const { costUsd } = measured.usage();
  const outputTokens = Math.ceil((door.now() - startedAt) * mostTokensPerMs);
  const inputUsd = priceOf(asked, terms.inputTokens, 0);
  const outputUsd = priceOf(asked, terms.inputTokens, outputTokens) - inputUsd;
  return Math.min((costUsd > 0 ? costUsd : inputUsd) + outputUsd, Math.max(terms.usd, costUsd));
};

/** Names and codes only: a message may quote what was sent. */
export const named = (error: unknown) => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return { error: typeof cause };
  return { error: cause.name, ...('code' in cause && { code: cause.code }) };
};
