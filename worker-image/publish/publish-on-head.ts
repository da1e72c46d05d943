// What stands against publishing a change of a pull request's head.
import type { Outcome } from '#core/task.ts';
import { fetchBranch } from '#worker/git/bare-repository.ts';
import { badBase } from '#worker/git/fetch-origin.ts';
import type { Git } from '#worker/git/git.ts';
import type { Head } from '#worker/git/origin.ts';
import { restoredPathsIn } from '#worker/git/restore-trusted.ts';
import type { Committed } from './publish.ts';

/** The branch is gone, or its commits were replaced: a change on top of the old ones would bring them back. */
export const refusalOfHead = async (git: Git, { branch, sha }: Head): Promise<Outcome | undefined> => {
  const maxBytes = Number.MAX_SAFE_INTEGER; // the commits were fetched before, within the limit
  const { kind } = await fetchBranch(git, { branch, sha, mustHold: true, maxBytes });
  if (kind === 'fetched') return undefined;
  const what = kind === 'missing' ? 'is gone' : 'was rewritten';
  return badBase(`The branch ${branch} of this pull request ${what} while I worked.`).outcome;
};

type OnHead = { restored: readonly string[]; parent: string; committed: Committed };

/** The agent saw these files as the base has them: its change to them is none of what the pull request holds. */
export const refusalOfRestored = async (
  git: Git,
  { restored, parent, committed }: OnHead,
): Promise<string | undefined> => {
  if (restored.length === 0) return undefined;
  if (committed.kind === 'refused')
    return `${committed.detail}. On a pull request I see these files as its base branch has them: ${list(restored)}`;
  const touched = await restoredPathsIn(git, { restored, headSha: parent, sha: committed.sha });
  if (touched.length === 0) return undefined;
  return `On a pull request I see these files as its base branch has them, and cannot change them: ${list(touched)}`;
};

const maxListed = 10;

const list = (paths: readonly string[]): string => {
  const more = paths.length > maxListed ? ` and ${paths.length - maxListed} more` : '';
  return `${paths
    .slice(0, maxListed)
    .map((path) => `\`${path}\``)
    .join(', ')}${more}.`;
};
