import type { Thread } from '#core/task.ts';
import type { Comment } from './comments.ts';
import { createComments } from './comments.ts';
import { cutBody } from './cut-body.ts';
import { markOf, taskMark } from './marker.ts';
import type { GithubClient } from './octokit.ts';

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

type Written = { id: string; fence: number };

/**
 * Keeps one comment per task on its thread, known by a hidden mark that only we can sign. GitHub takes no condition on a
 * write, so it looks right before it edits, and right after it created.
 */
export const createGithubReporter = (octokit: GithubClient, identity: Identity) => {
  const markIn = (body: string, { taskId }: Report) => markOf(identity.markerKey, taskId, body);
  const marked = (report: Report) => cutBody(report.body, `\n\n${taskMark(identity.markerKey, report)}`);

  const isOurs = (comment: Comment) =>
    String(comment.performed_via_github_app?.id) === identity.appId ||
    (identity.botLogin !== undefined && comment.user?.login === identity.botLogin);

  const find = async (report: Report): Promise<Written[]> => {
    const comments = await createComments(octokit, report.thread).list(report.since);
    return comments.filter(isOurs).flatMap(({ id, body = '' }) => {
      const mark = markIn(body, report);
      return mark ? [{ id: String(id), fence: mark.fence }] : [];
    });
  };

  const keepNewest = async (
    { thread }: Report,
    written: readonly Written[],
  ): Promise<Written | undefined> => {
    const [kept, ...doubles] = written.toSorted(newestFirst);
    for (const { id } of doubles) await createComments(octokit, thread).remove(id);
    return kept;
  };

  /** Of two that found none and wrote one each, the later to look sees both. */
  const create = async (report: Report): Promise<string> => {
    const id = await createComments(octokit, report.thread).create(marked(report));
    const created = { id, fence: report.fence };
    const others = (await find(report)).filter((other) => other.id !== id);
    return (await keepNewest(report, [created, ...others]))?.id ?? id;
  };

  const change = (commentId: string, report: Report): Promise<boolean> =>
    createComments(octokit, report.thread).edit(
      commentId,
      marked(report),
      (body) => (markIn(body, report)?.fence ?? 0) <= report.fence,
    );

  /** Looks for our comment and edits it, or writes it; gives its id. */
  const upsert = async (report: Report): Promise<string> => {
    const found = await keepNewest(report, await find(report));
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
