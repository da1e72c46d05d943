// What a push means for the pull requests of its branch.
import type { Twin } from './access.ts';
import { firePull } from './events.ts';
import type { Git } from './git.ts';
import type { PullSize } from './shape-thread.ts';
import type { Account, Issue, Pull, Repository } from './world.ts';

export type RefUpdate = { ref: string; old: string; new: string };

const gone = /^0+$/;

/** The open pull requests of a pushed branch show its new head; a deleted branch closes them, as on GitHub. */
export const followPush = async (
  twin: Twin,
  repository: Repository,
  { updates, sender }: { updates: readonly RefUpdate[]; sender: Account },
): Promise<void> => {
  const at = twin.world.now();
  if (updates.length > 0) repository.pushedAt = at;
  for (const update of updates) {
    for (const issue of repository.issues.values()) {
      const { pull } = issue;
      if (!pull || issue.state !== 'open' || pull.fork) continue;
      if (`refs/heads/${pull.headBranch}` !== update.ref) continue;
      const isGone = gone.test(update.new);
      issue.updatedAt = at;
      if (isGone) {
        issue.state = 'closed';
        issue.closedAt = at;
      } else pull.headSha = update.new;
      await keepPullRef(twin.git, repository, issue);
      const size = await pullSize(twin.git, repository, pull);
      const before = isGone ? {} : { before: update.old };
      void firePull(
        twin,
        { sender, action: isGone ? 'closed' : 'synchronize' },
        { repository, issue, pull, size, ...before },
      );
    }
  }
};

/** As on GitHub: the head of each pull request, also of one from a fork, is a ref of this repository. */
export const keepPullRef = async (
  git: Git,
  { gitDir }: Repository,
  { number, pull }: Issue,
): Promise<void> => {
  if (pull) await git.run(gitDir, ['update-ref', `refs/pull/${number}/head`, pull.headSha]);
};

export const pullSize = async (git: Git, { gitDir }: Repository, pull: Pull): Promise<PullSize> => {
  const base = (await git.mergeBase(gitDir, pull.baseSha, pull.headSha)) ?? pull.baseSha;
  const [files, commits] = await Promise.all([
    git.changedFiles(gitDir, [base, pull.headSha]),
    git.countAhead(gitDir, base, pull.headSha),
  ]);
  const sum = (key: 'additions' | 'deletions') => files.reduce((total, file) => total + file[key], 0);
  return { commits, additions: sum('additions'), deletions: sum('deletions'), changed_files: files.length };
};
