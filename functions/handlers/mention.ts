import { describeError } from '#core/describe-error.ts';
import { parseRequest } from '#core/grammar.ts';
import type { Ledger, LedgerOutput, Refusal } from '#core/ledger.ts';
import type { GithubApp } from '#core/platforms/github/app.ts';
import { TokenRefusedError } from '#core/platforms/github/app.ts';
import { refusalStatus } from '#core/platforms/github/errors.ts';
import { permissionOf } from '#core/platforms/github/permission.ts';
import { addEyes } from '#core/platforms/github/reactions.ts';
import type { Log } from '#core/ports/log.ts';
import type { Lanes } from '#core/ring.ts';
import { ringBell } from '#core/ring.ts';
import type { Request } from '#core/task.ts';
import { openStatuses } from '#core/task.ts';
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

type Judgement = { kind: 'granted'; role: string } | { kind: 'refused'; reason: Refusal };
type RecordedTask = LedgerOutput<'tasks.record'>;

/**
 * A mention becomes a task of somebody who may have it, or a refusal with its reason. Whatever gives no clear answer
 * throws, and the queue brings the delivery again: every step may be repeated.
 */
export const createMentionTriage = ({ ledger, app, lanes, poke, mention, log }: Deps) => {
  return async (delivery: Mention): Promise<void> => {
    const ids = { deliveryId: delivery.id, trigger: delivery.event.trigger.key };
    const request = parseRequest(delivery.event.trigger.text, mention);
    if (!request) return log.warn('no mention in an accepted delivery', ids); // the mention was renamed meanwhile

    const judgement = await judge(delivery, { ledger, app: await app(), log });
    if (judgement.kind === 'refused') {
      await refuse(ledger, { delivery, request, reason: judgement.reason });
      return log.info('refused', { ...ids, reason: judgement.reason });
    }
    const task = await record(ledger, delivery, request);
    log.info('task recorded', { ...ids, taskId: task.id, lane: task.lane, created: task.created });
    if (!isOpen(task)) return;
    await ring(lanes, task);
    await poke().catch((error: unknown) =>
      log.warn('reconcile not poked', { ...ids, ...describeError(error) }),
    );
  };
};

const isOpen = ({ status }: RecordedTask): boolean => openStatuses.some((open) => open === status);

type Judge = Pick<Deps, 'ledger' | 'log'> & { app: GithubApp };

/** May this author have work done here? An author who may sees it at once: 👀 on the comment. */
const judge = async (delivery: Mention, deps: Judge): Promise<Judgement> => {
  const reason = await refusalOfInstallation(delivery.event.thread.tenantId, deps);
  if (reason) return { kind: 'refused', reason };
  const { thread } = delivery.event;
  try {
    const { token } = await deps.app.tokenFor({
      ...thread,
      permissions: { issues: 'write', metadata: 'read' },
    });
    return await judgeWith(token, delivery, deps);
  } catch (error) {
    if (error instanceof TokenRefusedError) return { kind: 'refused', reason: error.reason };
    throw error;
  }
};

const judgeWith = async (token: string, delivery: Mention, { app, log }: Judge): Promise<Judgement> => {
  const octokit = app.octokitFor(token);
  const { thread, trigger } = delivery.event;
  try {
    const permission = await permissionOf(octokit, thread.repository, trigger.author);
    if (permission.kind === 'denied') return { kind: 'refused', reason: 'no_permission' };
    await addEyes(octokit, thread, trigger).catch((error: unknown) => {
      if (refusalStatus(error) === undefined) throw error;
      // a deleted comment or a locked thread: the reaction is a courtesy, the task is not
      log.warn('no reaction', { deliveryId: delivery.id, ...describeError(error) });
    });
    return permission;
  } finally {
    await app.revoke(token).catch((error: unknown) => {
      log.warn('token not revoked', { deliveryId: delivery.id, ...describeError(error) }); // ends within the hour
    });
  }
};

/** What is not known as active is asked of GitHub: events may be late, lost or out of order. */
const refusalOfInstallation = async (
  tenantId: string,
  { ledger, app }: Judge,
): Promise<Refusal | undefined> => {
  const known = await ledger('installations.get', { platform: 'github', tenantId });
  if (known?.status === 'active') return undefined;
  const current = await app.installation(tenantId);
  if (!current) return 'not_installed';
  await ledger('installations.upsert', current);
  return current.status === 'active' ? undefined : 'suspended';
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

const refuse = async (ledger: Ledger, { delivery, request, reason }: RefusedDelivery): Promise<void> => {
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
