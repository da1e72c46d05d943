import { unlessStatus } from './errors.ts';
import type { GithubClient } from './octokit.ts';
import { ownerAndRepo } from './repository.ts';

/** Which branches a pull request is about. */
export type PullEnds = {
  isOpen: boolean;
  base: { branch: string };
  /** A fork, or a repository that is gone: its branch is none of ours. */
  head: { branch: string; isFork: boolean };
};

/** undefined when there is no such pull request any more. https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request */
export const pullEndsOf = (
  octokit: GithubClient,
  repository: string,
  number: number,
): Promise<PullEnds | undefined> =>
  unlessStatus([404, 410], async () => {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
      ...ownerAndRepo(repository),
      pull_number: number,
    });
    const { head, base, state } = data;
    // null for a deleted fork, whatever the description says
    const home = head.repo as typeof head.repo | null;
    const isFork = home === null || String(home.id) !== String(base.repo.id);
    return {
      isOpen: state === 'open',
      base: { branch: base.ref },
      head: { branch: head.ref, isFork },
    };
  });
