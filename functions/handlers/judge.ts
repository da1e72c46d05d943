// May this author have work done on this thread?
import { describeError } from '#core/describe-error.ts';
import type { Ledger, Refusal } from '#core/ledger.ts';
import type { GithubApp } from '#core/platforms/github/app.ts';
import { refusalStatus } from '#core/platforms/github/errors.ts';
import type { GithubClient } from '#core/platforms/github/octokit.ts';
import { permissionOf } from '#core/platforms/github/permission.ts';
import { addEyes } from '#core/platforms/github/reactions.ts';
import type { Log } from '#core/ports/log.ts';
import type { Mention } from './triage.ts';

/** What is not known as active is asked of GitHub: events may be late, lost or out of order. */
export const refusalOfInstallation = async (
  tenantId: string,
  { ledger, app }: { ledger: Ledger; app: GithubApp },
): Promise<Refusal | undefined> => {
  const known = await ledger('installations.get', { platform: 'github', tenantId });
  if (known?.status === 'active') return undefined;
  const current = await app.installation(tenantId);
  if (!current) return 'not_installed';
  await ledger('installations.upsert', current);
  return current.status === 'active' ? undefined : 'suspended';
};

/** An author who may have work done sees it at once: 👀 on the comment. */
export const refusalOfAuthor = async (
  octokit: GithubClient,
  { id, event: { thread, trigger } }: Mention,
  log: Log,
): Promise<Refusal | undefined> => {
  const permission = await permissionOf(octokit, thread.repository, trigger.author);
  if (permission.kind === 'denied') return 'no_permission';
  await addEyes(octokit, thread, trigger).catch((error: unknown) => {
    if (refusalStatus(error) === undefined) throw error;
    // a deleted comment or a locked thread: the reaction is a courtesy, the task is not
    log.warn('no reaction', { deliveryId: id, ...describeError(error) });
  });
  return undefined;
};
