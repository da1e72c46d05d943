// `run ci`: a person has looked at what we pushed, and lets the CI run on it. An empty commit without the mark does that.
import { holdsCi } from '#core/ci-mark.ts';

import type { Outcome, Task } from '#core/task.ts';
import { fetchBranch, remoteHead } from '#worker/git/bare-repository.ts';
import type { Base } from '#worker/git/origin.ts';
import { commitOnTop } from '#worker/publish/publish.ts';
import { pushOnce } from './push-once.ts';
import { toReleaseMessage } from './report.ts';
import type { StepContext, Stepped } from './step-context.ts';
import { ended } from './step-context.ts';

/** The commit that is released is stored before anything is pushed: asked twice, it is the same one. */
export const findHeldBranch = async (context: StepContext): Promise<Stepped> => {
  const branch = await branchOf(context);
  if (branch === undefined)
    return ended('received', notReleased('There is no pull request of mine on this thread.'));
  const sha = await remoteHead(context.git, branch);
  if (sha === undefined) return ended('received', notReleased(`The branch ${branch} is gone.`));
  return { step: 'cloned', facts: { baseBranch: branch, baseSha: sha } };
};

/** On a pull request of ours its own branch; else what the thread last brought. */
const branchOf = async ({ job: { task }, access, published }: StepContext): Promise<string | undefined> => {
  const { thread, threadKey, trigger } = task;
  const ends = thread.isPullRequest ? await access.pullEnds(thread.number) : undefined;
  if (ends && !ends.head.isFork && (await published.isOurs(ends.head.branch, thread)))
    return ends.head.branch;
  return await published.lastOf({ threadKey, before: trigger.createdAt });
};

export const releaseCi = async (context: StepContext, { branch, sha }: Base): Promise<Stepped> => {
  const { job, access, git, maxRepositoryBytes } = context;
  const fetched = await fetchBranch(git, { branch, sha, maxBytes: maxRepositoryBytes });
  if (fetched.kind !== 'fetched') return ended('cloned', notReleased(`I cannot fetch the branch ${branch}.`));
  const message = (await git.run(['show', '-s', '--format=%B', sha])).toString('utf8');
  if (!holdsCi(message)) return ended('cloned', notReleased(`Nothing keeps the CI away from ${branch}.`));
  const commit = await commitOnTop(git, {
    parent: sha,
    message: toReleaseMessage(job.task),
    author: access.author,
    date: job.task.trigger.createdAt,
  });
  const pushed = await pushOnce(context, { sha: commit, branch, onto: sha });
  return ended('cloned', pushed.kind === 'pushed' ? released(job.task, branch) : notReleased(pushed.detail));
};

const released = ({ trigger }: Task, branch: string): Outcome => ({
  status: 'succeeded',
  result: { kind: 'answer' },
  summary: `▶️ The CI runs on \`${branch}\`: ${trigger.author.login} let it. For that I pushed an empty commit.`,
});

const notReleased = (detail: string): Outcome => ({ status: 'failed', reason: 'ci_not_released', detail });
