// An open loop: a request is sent at its time, whatever the answers do.
import { setTimeout as wait } from 'node:timers/promises';
import type { Ready } from './requests.ts';

export type Sent = Ready & {
  /** 0 when there was no answer. */
  status: number;
  answer: string;
  /** From the moment at which it was to be sent. */
  latencyMs: number;
};

type Options = {
  url: string;
  perSecond: number;
  signal: AbortSignal;
  onSent: (sent: Sent) => void;
};

export const send = async (ready: readonly Ready[], options: Options): Promise<Sent[]> => {
  const startedAt = performance.now();
  const under = ready.map(async (one, index) => {
    const plannedAt = startedAt + (index * 1_000) / options.perSecond;
    await wait(Math.max(0, plannedAt - performance.now()), undefined, { signal: options.signal });
    const answer = await post(one, options);
    const sent = { ...one, ...answer, latencyMs: performance.now() - plannedAt };
    options.onSent(sent);
    return sent;
  });
  return await Promise.all(under);
};

/** GitHub waits for ten seconds. */
const answerWithinMs = 10_000;

const post = async ({ headers, body }: Ready, { url, signal }: Options) => {
  try {
    const whole = AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]);
    const response = await fetch(url, { method: 'POST', headers, body, signal: whole });
    return { status: response.status, answer: await response.text() };
  } catch (error) {
    signal.throwIfAborted();
    return { status: 0, answer: String(error) };
  }
};
