import { describeError } from '#core/describe-error.ts';
import { parseRequest } from '#core/grammar.ts';
import type { Ledger, LedgerOutput, Refusal } from '#core/ledger.ts';
import type { GithubApp } from '#core/platforms/github/app.ts';
import { TokenRefusedError } from '#core/platforms/github/app.ts';
import type { Log } from '#core/ports/log.ts';
import type { Lanes } from '#core/ring.ts';
import { ringBell } from '#core/ring.ts';
import type { Request } from '#core/task.ts';
import { openStatuses } from '#core/task.ts';
import { refusalOfAuthor, refusalOfInstallation } from './judge.ts';
import { createTell } from './tell.ts';
import type { Mention } from './triage.ts';

type Deps = {
  ledger: Ledger;
  app: () => Promise<GithubApp>;
  lanes: Lanes;
  /** Asks reconcile for a worker now; it looks every minute anyway. */
  poke: () => Promise<void>;
  mention: string;
  log: Log;
};

type RecordedTask = LedgerOutput<'tasks.record'>;

/**
 * A mention becomes a task of somebody who may have it, or a refusal with its reason. Whatever gives no clear answer
 * throws, and the queue brings the delivery again: every step may be repeated.
 */
export const createMentionTriage = ({ ledger, app: appNow, lanes, poke, mention, log }: Deps) => {
  const tell = createTell({ ledger, log });

  /** Everything on GitHub with one token. undefined: refused, and the reason is recorded. */
  const admit = async (delivery: Mention, request: Request): Promise<RecordedTask | undefined> => {
    const { thread } = delivery.event;
    const app = await appNow();
    const refuse = async (reason: Refusal) => {
      await recordRefusal(ledger, { delivery, request, reason });
      log.info('refused', { deliveryId: delivery.id, trigger: delivery.event.trigger.key, reason });
    };
    const ofInstallation = await refusalOfInstallation(thread.tenantId, { ledger, app });
    if (ofInstallation) return void (await refuse(ofInstallation));
    const token = await tokenFor(app, thread);
    if ('refused' in token) return void (await refuse(token.refused));
    try {
      const ofAuthor = await refusalOfAuthor(app.octokitFor(token.token), delivery, log);
      if (ofAuthor) return void (await refuse(ofAuthor));
      const task = await record(ledger, delivery, request);
      await tell({ app, token: token.token, delivery, task });
      return task;
    } finally {
      await app.revoke(token.token).catch((error: unknown) => {
        log.warn('token not revoked', { deliveryId: delivery.id, ...describeError(error) }); // ends within the hour
      });
    }
  };

  return async (delivery: Mention): Promise<void> => {
    const ids = { deliveryId: delivery.id, trigger: delivery.event.trigger.key };
    const request = parseRequest(delivery.event.trigger.text, mention);
    if (!request) return log.warn('no mention in an accepted delivery', ids); // the mention was renamed meanwhile
    const task = await admit(delivery, request);
    if (!task) return;
    log.info('task recorded', { ...ids, taskId: task.id, lane: task.lane, created: task.created });
    if (isOpen(task)) await ring(lanes, task);
    // what was stopped is rung by reconcile too
    if (!isOpen(task) && task.answer === null) return;
    await poke().catch((error: unknown) =>
      log.warn('reconcile not poked', { ...ids, taskId: task.id, ...describeError(error) }),
    );
  };
};

const isOpen = ({ status }: RecordedTask): boolean => openStatuses.some((open) => open === status);

type Token = { token: string } | { refused: Refusal };

const tokenFor = async (app: GithubApp, thread: Mention['event']['thread']): Promise<Token> => {
  try {
    return await app.tokenFor({ ...thread, permissions: { issues: 'write', metadata: 'read' } });
  } catch (error) {
    if (error instanceof TokenRefusedError) return { refused: error.reason };
    throw error;
  }
};

const keysOf = ({ platform, id, bodySha256, receivedAt }: Mention) => ({
  platform,
  id,
  bodySha256,
  receivedAt,
});

const record = (ledger: Ledger, delivery: Mention, request: Request): Promise<RecordedTask> => {
  const { thread, trigger } = delivery.event;
  return ledger('tasks.record', { delivery: keysOf(delivery), thread, trigger, request });
};

type RefusedDelivery = { delivery: Mention; request: Request; reason: Refusal };

const recordRefusal = async (
  ledger: Ledger,
  { delivery, request, reason }: RefusedDelivery,
): Promise<void> => {
  const { thread, trigger } = delivery.event;
  await ledger('deliveries.refuse', {
    delivery: keysOf(delivery),
    thread,
    triggerKey: trigger.key,
    command: request.command,
    reason,
  });
};

/** Also for a task of an earlier delivery: a crash between recording and ringing heals here. */
const ring = (lanes: Lanes, { id, threadKey, generation, lane }: RecordedTask): Promise<void> =>
  ringBell(lanes, { lane, ring: { version: 1, threadKey, taskId: id, generation } });
