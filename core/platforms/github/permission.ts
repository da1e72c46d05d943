import type { Trigger } from '#core/task.ts';
import { refusalStatus } from './errors.ts';
import type { GithubClient } from './octokit.ts';
import { ownerAndRepo } from './repository.ts';

export type Permission = { kind: 'granted'; role: string } | { kind: 'denied'; role?: string };

/**
 * Whether the author may have work done: write, maintain or admin in this repository, or a custom role built on one of
 * these (GitHub reports maintain as `write` and triage as `read`). Everything that is no answer throws.
 * https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
 */
export const permissionOf = async (
  octokit: GithubClient,
  repository: string,
  author: Trigger['author'],
): Promise<Permission> => {
  try {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/collaborators/{username}/permission', {
      ...ownerAndRepo(repository),
      username: author.login,
    });
    // a login can change hands between the comment and now; the id cannot
    const isSomebodyElse = data.user && String(data.user.id) !== author.id;
    const mayWrite = data.permission === 'admin' || data.permission === 'write';
    return { kind: mayWrite && !isSomebodyElse ? 'granted' : 'denied', role: data.role_name };
  } catch (error) {
    const status = refusalStatus(error);
    if (status === 403 || status === 404) return { kind: 'denied' };
    throw error;
  }
};
