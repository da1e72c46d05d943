import { cutText } from '#core/cut-text.ts';
import type { Thread } from '#core/task.ts';
import { refusalStatus } from './errors.ts';
import { markOf, taskMark } from './marker.ts';
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
  /** Of whoever writes: what was written under a newer one stays. */
  fence: number;
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
type Written = { id: string; fence: number };

const pageSize = 100;
/** GitHub takes 65,536 characters; the mark needs its room. */
const maxBodyBytes = 65_000;

/**
 * Keeps one comment per task on its thread, known by a hidden mark that only we can sign. GitHub takes no condition on a
 * write, so each looks right before it edits, and right after it created.
 */
export const createGithubReporter = (octokit: GithubClient, identity: Identity) => {
  const isOurs = (comment: Comment) =>
    String(comment.performed_via_github_app?.id) === identity.appId ||
    (identity.botLogin !== undefined && comment.user?.login === identity.botLogin);

  const ours =
    (taskId: string) =>
    (comment: Comment): Written[] => {
      const mark = isOurs(comment) ? markOf(identity.markerKey, taskId, comment.body ?? '') : undefined;
      return mark ? [{ id: String(comment.id), fence: mark.fence }] : [];
    };

  const findAll = async (report: Report, page = 1): Promise<Written[]> => {
    const { thread, taskId, since } = report;
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...ownerAndRepo(thread.repository),
      issue_number: thread.number,
      per_page: pageSize,
      page,
      ...(since !== undefined && { since }),
    });
    const found = data.flatMap(ours(taskId));
    return data.length < pageSize ? found : [...found, ...(await findAll(report, page + 1))];
  };

  const marked = (report: Report) =>
    `${cutText(report.body, maxBodyBytes, '\n\n[cut]')}\n\n${taskMark(identity.markerKey, report)}`;

  const create = async (report: Report): Promise<string> => {
    const { data } = await octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...ownerAndRepo(report.thread.repository),
      issue_number: report.thread.number,
      body: marked(report),
    });
    return await keepOne(report, { id: String(data.id), fence: report.fence });
  };

  /** Of two that found none and wrote one each, the later to look sees both: the newer fence's stays. */
  const keepOne = async (report: Report, created: Written): Promise<string> => {
    const others = (await findAll(report)).filter(({ id }) => id !== created.id);
    const [kept = created, ...doubles] = [created, ...others].toSorted(newestFirst);
    for (const { id } of doubles) await remove(report, id);
    return kept.id;
  };

  const at = ({ thread }: Report, commentId: string) => ({
    ...ownerAndRepo(thread.repository),
    comment_id: numberFor(commentId),
  });

  const remove = async (report: Report, commentId: string): Promise<void> => {
    await unlessGone(() =>
      octokit.request('DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}', at(report, commentId)),
    );
  };

  /** Edits the comment unless a newer fence wrote it; false when somebody has deleted it. */
  const change = (commentId: string, report: Report): Promise<boolean> =>
    unlessGone(async () => {
      const comment = at(report, commentId);
      const { data } = await octokit.request(
        'GET /repos/{owner}/{repo}/issues/comments/{comment_id}',
        comment,
      );
      const mark = markOf(identity.markerKey, report.taskId, data.body ?? '');
      if (mark && mark.fence > report.fence) return;
      await octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
        ...comment,
        body: marked(report),
      });
    });

  /** Looks for our comment and edits it, or writes it; gives its id. */
  const upsert = async (report: Report): Promise<string> => {
    const [found] = (await findAll(report)).toSorted(newestFirst);
    if (found && (await change(found.id, report))) return found.id;
    return await create(report);
  };

  /** Edits the known comment, or writes another one if it was deleted; gives the id. */
  const edit = async (commentId: string, report: Report): Promise<string> =>
    (await change(commentId, report)) ? commentId : await upsert(report);

  return { upsert, edit };
};

/** The same for whoever sorts: of one fence the comment that was there first. */
const newestFirst = (one: Written, other: Written): number =>
  other.fence - one.fence || (BigInt(one.id) < BigInt(other.id) ? -1 : 1);

const unlessGone = async (act: () => Promise<unknown>): Promise<boolean> => {
  try {
    await act();
    return true;
  } catch (error) {
    if (refusalStatus(error) === 404) return false;
    throw error;
  }
};
