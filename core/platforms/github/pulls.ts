import { cutBody } from './cut-body.ts';
import { refusalStatus } from './errors.ts';
import type { GithubClient } from './octokit.ts';
import { ownerAndRepo } from './repository.ts';

export type PullRequestInput = {
  repository: string;
  /** A branch of this repository. */
  head: string;
  base: string;
  title: string;
  body: string;
  draft?: boolean;
};

export type PullRequest = { number: number; url: string };

/** The newest pull request of a branch, whatever became of it, or a new one: asking twice gives the same. */
export const createGithubPulls = (octokit: GithubClient) => {
  const find = async ({ repository, head }: PullRequestInput): Promise<PullRequest | undefined> => {
    const { owner, repo } = ownerAndRepo(repository);
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/pulls', {
      owner,
      repo,
      head: `${owner}:${head}`,
      state: 'all', // a person may have closed, merged or redirected it since
      sort: 'created',
      direction: 'desc',
    });
    return data[0] && { number: data[0].number, url: data[0].html_url };
  };

  const create = async ({ repository, ...pull }: PullRequestInput): Promise<PullRequest> => {
    const { data } = await octokit.request('POST /repos/{owner}/{repo}/pulls', {
      ...ownerAndRepo(repository),
      ...pull,
      body: cutBody(pull.body),
    });
    return { number: data.number, url: data.html_url };
  };

  const findOrCreate = async (input: PullRequestInput): Promise<PullRequest> => {
    const found = await find(input);
    if (found) return found;
    try {
      return await create(input);
    } catch (error) {
      if (refusalStatus(error) !== 422) throw error;
      // somebody was faster; or the plan of the account has no drafts, and paid work must not end here
      const other = await find(input);
      if (other) return other;
      if (!input.draft) throw error;
      return await create({ ...input, draft: false });
    }
  };

  return { findOrCreate };
};
