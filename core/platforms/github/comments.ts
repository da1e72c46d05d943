import type { Thread } from '#core/task.ts';
import { refusalStatus } from './errors.ts';
import type { GithubClient } from './octokit.ts';
import { numberFor } from './reactions.ts';
import { ownerAndRepo } from './repository.ts';

/** The parts of a comment that tell whose it is. */
export type Comment = {
  id: number | bigint;
  body?: string | undefined;
  user?: { login: string } | null;
  performed_via_github_app?: { id: number | bigint } | null;
};

const pageSize = 100;

/** The comments of one thread. https://docs.github.com/en/rest/issues/comments */
export const createComments = (octokit: GithubClient, { repository, number }: Thread) => {
  const thread = { ...ownerAndRepo(repository), issue_number: number };
  const one = (id: string) => ({ ...ownerAndRepo(repository), comment_id: numberFor(id) });

  /** Those that were written or edited since then, or all. */
  const list = async (since: string | undefined, page = 1): Promise<Comment[]> => {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...thread,
      per_page: pageSize,
      page,
      ...(since !== undefined && { since }),
    });
    return data.length < pageSize ? data : [...data, ...(await list(since, page + 1))];
  };

  const create = async (body: string): Promise<string> => {
    const { data } = await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...thread,
      body,
    });
    return String(data.id);
  };

  /** Edits the comment where what stands there may be replaced; false when somebody has deleted it. */
  const edit = (id: string, body: string, mayReplace: (body: string) => boolean): Promise<boolean> =>
    unlessGone(async () => {
      const { data } = await octokit.request(
        'GET /repos/{owner}/{repo}/issues/comments/{comment_id}',
        one(id),
      );
      if (!mayReplace(data.body ?? '')) return;
      await octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', { ...one(id), body });
    });

  const remove = (id: string): Promise<boolean> =>
    unlessGone(() => octokit.request('DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}', one(id)));

  return { list, create, edit, remove };
};

const unlessGone = async (act: () => Promise<unknown>): Promise<boolean> => {
  try {
    await act();
    return true;
  } catch (error) {
    if (refusalStatus(error) === 404) return false;
    throw error;
  }
};
