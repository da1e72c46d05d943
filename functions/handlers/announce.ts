// Tells a thread that a request of it was put aside.
import { receivedTooOften } from '#core/dead-letter.ts';
import { describeError } from '#core/describe-error.ts';
import type { LedgerOutput } from '#core/ledger.ts';
import type { GithubApp } from '#core/platforms/github/app.ts';
import { TokenRefusedError } from '#core/platforms/github/app.ts';
import { refusalStatus } from '#core/platforms/github/errors.ts';
import { permissionOf } from '#core/platforms/github/permission.ts';
import { createGithubReporter } from '#core/platforms/github/reporter.ts';
import type { Log } from '#core/ports/log.ts';
import { oneLine } from '#core/text.ts';

type Tell = NonNullable<Extract<LedgerOutput<'dead_letters.record'>, { kind: 'recorded' }>['tell']>;

/** `id` is the dead letter's. */
export type Announcement = Tell & { id: string; taskId: string | null; reason: string };

type Deps = { app: () => Promise<GithubApp>; log: Log };

/**
 * In the task's one comment; a letter that never became a task has one of its own, and only for somebody who may have
 * work done: others get no answer either. Found or created by the mark, so a repeat leaves one comment.
 */
export const createAnnounce =
  ({ app: appNow, log }: Deps) =>
  async (announcement: Announcement): Promise<boolean> => {
    const { id, thread } = announcement;
    const app = await appNow();
    try {
      const { token } = await app.tokenFor({
        ...thread,
        permissions: { issues: 'write', metadata: 'read' },
      });
      try {
        return await announceWith(app, token, announcement);
      } finally {
        await app.revoke(token).catch((error: unknown) => {
          log.warn('token not revoked', { id, ...describeError(error) }); // ends within the hour
        });
      }
    } catch (error) {
      // the App is gone from here, or the thread is locked or deleted: that stays so
      if (!(error instanceof TokenRefusedError) && refusalStatus(error) === undefined) throw error;
      log.warn('nobody can be told', { id, ...describeError(error) });
      return false;
    }
  };

const announceWith = async (app: GithubApp, token: string, announcement: Announcement): Promise<boolean> => {
  const { id, taskId, thread, author, fence, createdAt: since } = announcement;
  const octokit = app.octokitFor(token);
  if (taskId === null) {
    const permission = await permissionOf(octokit, thread.repository, author);
    if (permission.kind === 'denied') return false;
  }
  const { appId, markerKey } = app;
  const reporter = createGithubReporter(octokit, { markerKey, appId, botLogin: await app.botLogin() });
  await reporter.upsert({ thread, taskId: taskId ?? id, fence, body: toWords(announcement), since });
  return true;
};

const toWords = ({ id, taskId, reason }: Announcement): string =>
  [
    `❌ This request was put aside: ${whyOf(reason)}.`,
    `It is kept, and an operator can bring it back with \`agent-bot redrive ${taskId ?? id}\`. Until then, what comes next on this thread runs without it.`,
  ].join('\n\n');

const whyOf = (reason: string): string =>
  reason === receivedTooOften
    ? 'it was tried again and again and never came to an end'
    : oneLine(reason, 200);
