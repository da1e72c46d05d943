// Reviews of pull requests. One without an event is pending: its author alone sees it, and has one for each pull request.
import * as z from 'zod';
import type { Context as HonoContext } from 'hono';
import type { Api, Twin } from './access.ts';
import { requireRepository } from './access.ts';
import { notFound, refusal, send, sendPage } from './answers.ts';
import { bodyTextSchema, readBody } from './read-body.ts';
import { resolveLines } from './review-lines.ts';
import { findPull } from './rest-pulls.ts';
import { toReview } from './shape-review.ts';
import type { InThread } from './shape-thread.ts';
import type { Pull, Review, ReviewEvent } from './world.ts';
import { reviewStates } from './world.ts';

export const addReviewRoutes = (api: Api, twin: Twin): void => {
  const { site } = twin;
  const reviews = '/repos/:owner/:name/pulls/:number{\\d+}/reviews';
  const one = `${reviews}/:review{\\d+}`;

  api.get(reviews, (c) => {
    const { pull, ...thread } = requirePull(twin, c, 'read');
    return sendPage(new URL(c.req.url), seenBy(twin, pull), (review) => toReview(site, thread, review));
  });
  api.post(reviews, async (c) => {
    const { pull, ...thread } = requirePull(twin, c, 'write');
    const review = await newReview(twin, { pull, ...thread }, await readBody(c, newReviewSchema));
    pull.reviews.push(review);
    return send(toReview(site, thread, review));
  });
  api.post(`${one}/events`, async (c) => {
    const { pull, ...thread } = requirePull(twin, c, 'write');
    const review = requireReview(twin, c, pull);
    const { event, body } = await readBody(c, eventSchema);
    if (review.state !== 'PENDING') throw unprocessable('Can not submit a review that was submitted before');
    if (body !== undefined) review.body = body;
    submit(twin, { review, thread }, event);
    return send(toReview(site, thread, review));
  });
  api.delete(one, (c) => {
    const { pull, ...thread } = requirePull(twin, c, 'write');
    const review = requireReview(twin, c, pull);
    if (review.state !== 'PENDING') throw unprocessable('Can not delete a non-pending pull request review');
    pull.reviews.splice(pull.reviews.indexOf(review), 1);
    return send(toReview(site, thread, review));
  });
};

const eventNames = Object.keys(reviewStates) as [ReviewEvent, ...ReviewEvent[]]; // the keys of the constant
const commentSchema = z.object({
  path: z.string().min(1),
  line: z.int().positive(),
  start_line: z.int().positive().optional(),
  side: z.enum(['LEFT', 'RIGHT']).default('RIGHT'),
  body: bodyTextSchema.min(1),
});
const newReviewSchema = z.object({
  commit_id: z.string().optional(),
  body: bodyTextSchema.default(''),
  event: z.enum(eventNames).optional(),
  comments: z.array(commentSchema).default([]),
});
type NewReview = z.infer<typeof newReviewSchema>;
const eventSchema = z.object({ event: z.enum(eventNames), body: bodyTextSchema.optional() });

const requirePull = (twin: Twin, c: HonoContext, level: 'read' | 'write'): InThread & { pull: Pull } => {
  const repository = requireRepository(twin, c, [`pull_requests:${level}`]);
  const [issue, pull] = findPull(repository, c);
  return { repository, issue, pull };
};

const seenBy = ({ site }: Twin, { reviews }: Pull): Review[] =>
  reviews.filter(({ state, user }) => state !== 'PENDING' || user.id === site.app.bot.id);

const requireReview = (twin: Twin, c: HonoContext, pull: Pull): Review => {
  const review = seenBy(twin, pull).find(({ id }) => id === Number(c.req.param('review')));
  if (!review) throw notFound();
  return review;
};

/** All of it or nothing: one line that is no part of the diff refuses the whole review. */
const newReview = async (
  twin: Twin,
  about: InThread & { pull: Pull },
  { commit_id: commitSha = about.pull.headSha, body, event, comments }: NewReview,
): Promise<Review> => {
  const { world, site } = twin;
  if (about.pull.reviews.some(({ state, user }) => state === 'PENDING' && user.id === site.app.bot.id))
    throw unprocessable('User can only have one pending review per pull request');
  const inline = comments.map(({ path, line, start_line: startLine, side, body: text }) => ({
    id: world.nextId(),
    path,
    line,
    startLine,
    side,
    body: text,
  }));
  const fault = await resolveLines(twin, about, { commitSha, comments: inline });
  if (fault !== undefined) throw unprocessable(fault);
  const review: Review = {
    id: world.nextId(),
    user: site.app.bot,
    body,
    state: 'PENDING',
    commitSha,
    submittedAt: null,
    comments: inline,
  };
  if (event) submit(twin, { review, thread: about }, event);
  return review;
};

const submit = (
  { world }: Twin,
  { review, thread }: { review: Review; thread: InThread },
  event: ReviewEvent,
): void => {
  if (event !== 'COMMENT' && thread.issue.user.id === review.user.id)
    throw unprocessable(`Review Can not ${event.toLowerCase().replace('_', ' ')} your own pull request`);
  if (event !== 'APPROVE' && review.body.trim() === '' && review.comments.length === 0)
    throw unprocessable('Review body can not be blank');
  review.state = reviewStates[event];
  review.submittedAt = world.now();
  thread.issue.updatedAt = review.submittedAt;
};

const unprocessable = (message: string) => refusal(422, 'Unprocessable Entity', [message]);
