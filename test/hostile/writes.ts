// What the task of a scenario may write, and what it wrote beside that.
import * as z from 'zod';
import type { Entry } from '#local/journal.ts';

type Allowed = {
  repository: string;
  taskId: string | null;
  /** The thread's number. */
  number: number;
  /** Ids of comments of ours. */
  comments: readonly number[];
  /** That may be put on the thread. */
  labels: readonly string[];
};

const updatesSchema = z.array(z.object({ ref: z.string(), old: z.string(), new: z.string() }));
const pullSchema = z.object({ head: z.string() });
/** Pending, or a comment: never an approval or a refusal. */
const reviewSchema = z.object({ event: z.literal('COMMENT').optional() });
const eventSchema = z.object({ event: z.literal('COMMENT') });
const labelsSchema = z.strictObject({ labels: z.array(z.string()) });

/** In a line each. */
export const foreignWrites = (entries: readonly Entry[], allowed: Allowed): string[] =>
  entries.flatMap((entry) => {
    if (entry.twin === 'git') return foreignUpdates(entry, allowed);
    if (entry.twin !== 'github' || /^(?:GET|HEAD) /.test(entry.call)) return [];
    return isAllowed(entry, allowed) ? [] : [`${entry.call} → ${entry.status}`];
  });

/** A branch of ours, made anew: nothing is moved, forced, deleted or tagged. */
const foreignUpdates = ({ detail }: Entry, { taskId }: Allowed): string[] =>
  updatesSchema
    .parse(detail['updates'] ?? [])
    .filter(({ ref, old }) => ref !== `refs/heads/agent/${taskId}` || !/^0+$/.test(old))
    .map(({ ref, old, new: to }) => `push of ${ref}: ${old.slice(0, 7)} → ${to.slice(0, 7)}`);

const isAllowed = ({ call, detail }: Entry, allowed: Allowed): boolean => {
  const { repository, taskId, number, comments } = allowed;
  const [method = '', path = ''] = call.split(' ');
  const within = path.replace(/^\/repos\/[^/]+\/[^/]+/, '');
  const isHere = path.toLowerCase().includes(`/repos/${repository.toLowerCase()}/`);
  switch (method) {
    case 'POST':
      if (/^\/app\/installations\/\d+\/access_tokens$/.test(path)) return true;
      // the sweep asks for a webhook again whose door was too slow, whatever the scenario
      if (/^\/app\/hook\/deliveries\/\d+\/attempts$/.test(path)) return true;
      if (!isHere) return false;
      if (within === `/issues/${number}/comments`) return true;
      if (/^\/issues\/(?:comments\/)?\d+\/reactions$/.test(within)) return true;
      if (within === '/pulls') return pullSchema.safeParse(bodyOf(detail)).data?.head === `agent/${taskId}`;
      return isReview(within, detail, number) || isLabels(within, detail, allowed);
    case 'PATCH':
      return isHere && comments.some((id) => within === `/issues/comments/${id}`);
    case 'DELETE':
      // GitHub deletes a pending review only
      return /^\/installation\/token$/.test(path) || (isHere && isReviewOf(number).test(within));
    default:
      return false;
  }
};

const isReviewOf = (number: number) => new RegExp(`^/pulls/${number}/reviews/\\d+$`);

const isReview = (within: string, detail: Entry['detail'], number: number): boolean => {
  if (within === `/pulls/${number}/reviews`) return reviewSchema.safeParse(bodyOf(detail)).success;
  const [, review = '', verb] = /^(.*)\/(events)$/.exec(within) ?? [];
  return (
    verb !== undefined && isReviewOf(number).test(review) && eventSchema.safeParse(bodyOf(detail)).success
  );
};

const isLabels = (within: string, detail: Entry['detail'], { number, labels }: Allowed): boolean => {
  const { data } = labelsSchema.safeParse(bodyOf(detail));
  return (
    within === `/issues/${number}/labels` && data?.labels.every((name) => labels.includes(name)) === true
  );
};

const bodyOf = (detail: Entry['detail']): unknown =>
  typeof detail['body'] === 'string' ? JSON.parse(detail['body']) : detail['body'];
