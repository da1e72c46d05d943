// What triage itself says on a thread: the place of a request that has to wait, and the answer to one that needs no worker.
import { describeError } from '#core/describe-error.ts';
import type { Ledger, LedgerOutput } from '#core/ledger.ts';
import type { GithubApp } from '#core/platforms/github/app.ts';
import { refusalStatus } from '#core/platforms/github/errors.ts';
import { createGithubReporter } from '#core/platforms/github/reporter.ts';
import type { Log } from '#core/ports/log.ts';
import type { Mention } from './triage.ts';

type Task = LedgerOutput<'tasks.record'>;
type Told = { app: GithubApp; token: string; delivery: Mention; task: Task };

/** Found or created by the task's mark, so a repeat leaves one comment; the worker goes on with the same one. */
export const createTell =
  ({ ledger, log }: { ledger: Ledger; log: Log }) =>
  async ({ app, token, delivery, task }: Told): Promise<void> => {
    const body = task.answer ?? (task.greet && toPlace(task.greet.ahead));
    if (body === null) return;
    const { thread, trigger } = delivery.event;
    const { appId, markerKey } = app;
    const reporter = createGithubReporter(app.octokitFor(token), {
      markerKey,
      appId,
      botLogin: await app.botLogin(),
    });
    const report = { thread, taskId: task.id, fence: beforeAnyClaim, body, since: trigger.createdAt };
    const commentId = await reporter.upsert(report).catch((error: unknown) => {
      if (refusalStatus(error) === undefined) throw error;
      // a locked or deleted thread: whoever asked cannot be told, the work goes on
      log.warn('nothing said', { deliveryId: delivery.id, taskId: task.id, ...describeError(error) });
      return null;
    });
    if (task.greet) await ledger('tasks.greeted', { taskId: task.id, commentId });
  };

/** A worker that has begun meanwhile knows more. */
const beforeAnyClaim = 0;

const toPlace = (ahead: number): string =>
  ahead === 1
    ? '⏳ I am at another request of this thread; yours comes next.'
    : `⏳ There are ${ahead} requests of this thread before yours; I take them in their order.`;
