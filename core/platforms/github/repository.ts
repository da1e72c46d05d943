import type { GithubClient } from './octokit.ts';
import { unlessStatus } from './errors.ts';

/** owner/name as the two parameters of GitHub's routes. */
export const ownerAndRepo = (repository: string): { owner: string; repo: string } => {
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo };
};

export const defaultBranchOf = async (octokit: GithubClient, repository: string): Promise<string> => {
  const { data } = await octokit.request('GET /repos/{owner}/{repo}', ownerAndRepo(repository));
  return data.default_branch;
};

/** The commit at the head of a branch; undefined when there is no such branch. */
export const branchShaOf = (
  octokit: GithubClient,
  repository: string,
  branch: string,
): Promise<string | undefined> =>
  unlessStatus([404], async () => {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/branches/{branch}', {
      ...ownerAndRepo(repository),
      branch,
    });
    return data.commit.sha;
  });
