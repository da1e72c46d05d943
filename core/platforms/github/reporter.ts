import { cutText } from '#core/cut-text.ts';
import type { Thread } from '#core/task.ts';
import { refusalStatus } from './errors.ts';
import { carriesTaskMark, taskMark } from './marker.ts';
import type { GithubClient } from './octokit.ts';
import { numberFor } from './reactions.ts';
import { ownerAndRepo } from './repository.ts';

type Identity = {
  /** From markerKeyOf. */
  markerKey: string;
  appId: string;
  /** `<slug>[bot]` */
  botLogin?: string;
};

type Report = {
  thread: Thread;
  taskId: string;
  body: string;
  /** Not older than our comment. */ since?: string;
};

/** The parts of a comment that tell whose it is. */
type Comment = {
  id: number | bigint;
  body?: string | undefined;
  user?: { login: string } | null;
  performed_via_github_app?: { id: number | bigint } | null;
};

const pageSize = 100;
/** GitHub takes 65,536 characters; the mark needs its room. */
const maxBodyBytes = 65_000;

/** Keeps one comment per task on its thread, known by a hidden mark that only we can sign. */
export const createGithubReporter = (octokit: GithubClient, identity: Identity) => {
  const isOurs = (taskId: string) => (comment: Comment) =>
    (String(comment.performed_via_github_app?.id) === identity.appId ||
      (identity.botLogin !== undefined && comment.user?.login === identity.botLogin)) &&
    carriesTaskMark(identity.markerKey, taskId, comment.body ?? '');

  const find = async (report: Report, page = 1): Promise<Comment | undefined> => {
    const { thread, taskId, since } = report;
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...ownerAndRepo(thread.repository),
      issue_number: thread.number,
      per_page: pageSize,
      page,
      ...(since !== undefined && { since }),
    });
    const found = data.find(isOurs(taskId));
    if (found || data.length < pageSize) return found;
    return await find(report, page + 1);
  };

  const marked = ({ taskId, body }: Report) =>
    `${cutText(body, maxBodyBytes, '\n\n[cut]')}\n\n${taskMark(identity.markerKey, taskId)}`;

  const create = async (report: Report): Promise<string> => {
    const { data } = await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...ownerAndRepo(report.thread.repository),
      issue_number: report.thread.number,
      body: marked(report),
    });
    return String(data.id);
  };

  /** Edits the comment; false when somebody has deleted it. */
  const change = async (commentId: string, report: Report): Promise<boolean> => {
    try {
      await octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
        ...ownerAndRepo(report.thread.repository),
        comment_id: numberFor(commentId),
        body: marked(report),
      });
      return true;
    } catch (error) {
      if (refusalStatus(error) === 404) return false;
      throw error;
    }
  };

  /** Looks for our comment and edits it, or writes it; gives its id. */
  const upsert = async (report: Report): Promise<string> => {
    const found = await find(report);
    if (found && (await change(String(found.id), report))) return String(found.id);
    return await create(report);
  };

  /** Edits the known comment, or writes another one if it was deleted; gives the id. */
  const edit = async (commentId: string, report: Report): Promise<string> =>
    (await change(commentId, report)) ? commentId : await upsert(report);

  return { upsert, edit };
};
