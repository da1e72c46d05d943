// Where the work on a thread begins when nobody named a branch: the default branch, or the pull request that is talked about.
import { isBranchName } from '#core/branch-name.ts';
import { badBase } from '#worker/git/fetch-origin.ts';
import type { Head } from '#worker/git/origin.ts';
import type { StepContext } from './step-context.ts';

type Wanted = { base: { branch: string }; head?: Pick<Head, 'branch' | 'isFork'> };

/** A pull request that is closed is looked at from the branch that it went to. */
export const findOrigin = async ({
  job,
  access,
}: Pick<StepContext, 'job' | 'access'>): Promise<Wanted | ReturnType<typeof badBase>> => {
  const { number, isPullRequest } = job.task.thread;
  if (!isPullRequest) return { base: { branch: await access.defaultBranch() } };
  const ends = await access.pullEnds(number);
  if (!ends) return badBase('There is no such pull request any more.');
  const { base, head, isOpen } = ends;
  if (!isBranchName(base.branch) || !isBranchName(head.branch))
    return badBase('A branch of this pull request has a name that I cannot use.');
  return isOpen ? { base, head } : { base };
};
