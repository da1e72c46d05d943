import type { Refused } from './errors.ts';
import { orRefused, refusalStatus, unlessStatus } from './errors.ts';
import type { GithubClient } from './octokit.ts';
import type { InlineComment, Review, ReviewIdentity, ReviewKey } from './review-calls.ts';
import { createReviewCalls } from './review-calls.ts';

export type ReviewInput = ReviewKey & {
  commitSha: string;
  body: string;
  comments: readonly InlineComment[];
  /** The body without inline comments: where GitHub takes one of them for no part of the diff. */
  wholeBody: string;
  /** Before each write: throws when it is not ours to make any more. */
  hold: () => Promise<void>;
};

export type Reviewed = { kind: 'written'; url: string } | Refused;

/** Each round ends the review, or has seen that somebody wrote in between. */
const maxRounds = 5;

/**
 * The task's one review, found or created; it only comments. It is made pending, where its author alone sees it and GitHub
 * allows an author one: that is the lock. While it is held nobody else submits one, so a look before the submit is enough.
 */
export const createGithubReviews = (octokit: GithubClient, identity: ReviewIdentity) => {
  const findOrCreate = (input: ReviewInput): Promise<Reviewed> =>
    orRefused(async () => {
      const calls = createReviewCalls(octokit, identity, input);
      for (let round = 0; round < maxRounds; round += 1) {
        const written = await tryToWrite(calls, input);
        if (written) return { kind: 'written', url: written.url };
      }
      return { kind: 'refused', status: 422 };
    });
  return { findOrCreate };
};

type Calls = ReturnType<typeof createReviewCalls>;

/** undefined when it has to be looked again. */
const tryToWrite = async (calls: Calls, input: ReviewInput): Promise<Review | undefined> => {
  const before = await calls.list();
  const there = submittedIn(before);
  if (there) return there;
  const pending = await takePending(calls, input, before);
  if (!pending) return undefined;
  const done = submittedIn(await calls.list());
  await input.hold();
  if (!done) return await calls.submit(pending);
  await calls.discard(pending.id);
  return done;
};

const submittedIn = (reviews: readonly Review[]): Review | undefined =>
  reviews.find(({ isPending, isOfTask }) => isOfTask && !isPending);

/** Of an earlier task it is what a stopped worker left, and nobody ever saw it. */
const takePending = async (
  calls: Calls,
  input: ReviewInput,
  reviews: readonly Review[],
): Promise<Review | undefined> => {
  const pending = reviews.find(({ isPending }) => isPending);
  if (pending?.isOfTask) return pending;
  await input.hold();
  if (!pending) return await create(calls, input);
  await calls.discard(pending.id);
  return undefined;
};

/** GitHub says 422 to a second pending one, and to a line or commit that is no part of the pull request (any more). */
const create = async (calls: Calls, input: ReviewInput): Promise<Review | undefined> => {
  const { body, wholeBody, commitSha, comments, hold } = input;
  const isTaken = async () => (await calls.list()).some(({ isPending }) => isPending);
  try {
    return await calls.create({ body, commitSha, comments });
  } catch (error) {
    if (refusalStatus(error) !== 422) throw error;
    if (await isTaken()) return undefined;
    await hold();
    const whole = await unlessStatus([422], () => calls.create({ body: wholeBody }));
    if (whole || (await isTaken())) return whole;
    throw error;
  }
};
