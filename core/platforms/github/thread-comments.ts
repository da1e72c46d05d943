import { unlessStatus } from './errors.ts';
import { markerPrefix } from './marker.ts';
import type { GithubClient } from './octokit.ts';
import { ownerAndRepo } from './repository.ts';

/** A comment as a person finds it on the thread. */
export type ThreadComment = {
  id: string;
  author: string;
  /** What GitHub says the author is to the repository: OWNER, MEMBER, CONTRIBUTOR, NONE. */
  role: string;
  /** Our App wrote it. */
  isOurs: boolean;
  createdAt: string;
  updatedAt: string;
  body: string;
};
/** The newest ones, oldest first; `total` counts those that are not here too. */
export type ThreadComments = { comments: ThreadComment[]; total: number };

type Input = {
  thread: { repository: string; number: number };
  identity: { appId: string; botLogin: string };
};

const pageSize = 100;

/** undefined when the thread is gone. GitHub lists the oldest first, so the last two pages are asked for. */
export const threadCommentsOf = async (
  octokit: GithubClient,
  { thread, identity }: Input,
): Promise<ThreadComments | undefined> => {
  const at = { ...ownerAndRepo(thread.repository), issue_number: thread.number };
  const readPage = async (page: number): Promise<ThreadComment[]> => {
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...at,
      per_page: pageSize,
      page,
    });
    return data.map((comment) => toComment(comment, identity));
  };
  return await unlessStatus([404, 410], async () => {
    const { data: issue } = await octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}', at);
    const last = Math.max(1, Math.ceil(issue.comments / pageSize));
    const pages = await Promise.all((last > 1 ? [last - 1, last] : [last]).map(readPage));
    return { comments: pages.flat(), total: issue.comments };
  });
};

type Raw = {
  id: number | bigint;
  body?: string | undefined;
  user: { login: string } | null;
  author_association?: string;
  performed_via_github_app?: { id: number | bigint } | null;
  created_at: string;
  updated_at: string;
};

const toComment = (comment: Raw, { appId, botLogin }: Input['identity']): ThreadComment => {
  const { body = '', user } = comment;
  const isOurs = String(comment.performed_via_github_app?.id) === appId || user?.login === botLogin;
  const mark = isOurs ? body.indexOf(markerPrefix) : -1; // what an agent wrote holds none
  return {
    id: String(comment.id),
    author: user?.login ?? 'ghost',
    role: comment.author_association ?? 'NONE',
    isOurs,
    createdAt: comment.created_at,
    updatedAt: comment.updated_at,
    body: mark === -1 ? body : body.slice(0, mark).trimEnd(),
  };
};
