// What the agent is told besides the request: material that other people wrote, as far as it is older than the request.
import { cutText } from '#core/cut-text.ts';
import type { ThreadComment, ThreadComments } from '#core/platforms/github/thread-comments.ts';
import type { Trigger } from '#core/task.ts';

/** A file of the base branch's root that says how to work in the repository. */
export type Convention = { path: string; text: string };

/** What a pull request changes against the commit where it left its base. */
export type PullChanges = {
  baseBranch: string;
  headBranch: string;
  isFork: boolean;
  /** Where it left its base. */
  since: string;
  files: string[];
  fileCount: number;
  diff: string;
  isDiffCut: boolean;
};

export type Briefing = {
  conventions: readonly Convention[];
  comments: readonly BriefedComment[];
  /** Comments before these, and after the request. */
  left: { older: number; newer: number };
  pull?: PullChanges | undefined;
};

export type BriefedComment = Pick<ThreadComment, 'author' | 'role' | 'isOurs' | 'createdAt'> & {
  /** undefined when it was changed after the request. */
  body: string | undefined;
};

const maxComments = 30;
const maxCommentBytes = 8 * 1024;
const maxCommentsBytes = 48 * 1024;

/** The newest that were there when the request was made, oldest first; of one that was changed since only that it is there. */
export const chooseComments = (
  { comments, total }: ThreadComments,
  trigger: Pick<Trigger, 'commentId' | 'createdAt'>,
): Pick<Briefing, 'comments' | 'left'> => {
  const others = comments.filter(({ id }) => id !== trigger.commentId);
  const before = others.filter((comment) => isBefore(comment, trigger));
  const after = others.filter((comment) => !isBefore(comment, trigger));
  const kept: BriefedComment[] = [];
  let room = maxCommentsBytes;
  for (const comment of before.toReversed()) {
    const body = isUnchanged(comment, trigger)
      ? cutText(comment.body, maxCommentBytes, '\n[cut]')
      : undefined;
    room -= Buffer.byteLength(body ?? '');
    if (room < 0 || kept.length === maxComments) break;
    const { author, role, isOurs, createdAt } = comment;
    kept.unshift({ author, role, isOurs, createdAt, body });
  }
  const older = total - (comments.length - before.length) - kept.length;
  const newer = after.filter(({ isOurs }) => !isOurs).length; // ours say that the work goes on
  return { comments: kept, left: { older: Math.max(0, older), newer } };
};

type Asked = Pick<Trigger, 'commentId' | 'createdAt'>;

/** GitHub's times have no parts of a second; its ids rise. */
const isBefore = ({ id, createdAt }: ThreadComment, trigger: Asked): boolean => {
  const [at, askedAt] = [seconds(createdAt), seconds(trigger.createdAt)];
  return at < askedAt || (at === askedAt && BigInt(id) < BigInt(trigger.commentId));
};

const isUnchanged = ({ createdAt, updatedAt }: ThreadComment, trigger: Asked): boolean =>
  updatedAt === createdAt || seconds(updatedAt) < seconds(trigger.createdAt);

const seconds = (time: string): number => Math.floor(Date.parse(time) / 1_000);
