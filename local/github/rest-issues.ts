// Issues, comments and reactions. What the App writes here is the work of <slug>[bot], and comes back to it as a webhook.
import * as z from 'zod';
import type { Context as HonoContext } from 'hono';
import type { Api, Twin } from './access.ts';
import { requireIssue, requireRepository, requireThread } from './access.ts';
import { notFound, send, sendPage, validationFailed } from './answers.ts';
import { fireComment, fireIssue } from './events.ts';
import { bodyTextSchema, readBody } from './read-body.ts';
import type { InThread } from './shape-thread.ts';
import { toComment, toIssue, toReaction } from './shape-thread.ts';
import type { Comment, Reaction, ReactionContent, World } from './world.ts';
import { findComment, reactionContents } from './world.ts';

export const addIssueRoutes = (api: Api, twin: Twin): void => {
  const { site, world } = twin;
  const issues = '/repos/:owner/:name/issues';

  api.get(issues, (c) => {
    const repository = requireRepository(twin, c, ['issues:read']);
    const state = c.req.query('state') ?? 'open';
    const matching = [...repository.issues.values()]
      .toReversed()
      .filter((issue) => state === 'all' || issue.state === state);
    return sendPage(new URL(c.req.url), matching, (issue) => toIssue(site, { repository, issue }));
  });
  api.post(issues, async (c) => {
    const repository = requireRepository(twin, c, ['issues:write']);
    const { title, body } = await readBody(c, newIssueSchema);
    const issue = world.addIssue(repository, { title, body, user: site.app.bot });
    void fireIssue(twin, { sender: site.app.bot, action: 'opened' }, { repository, issue });
    return send(toIssue(site, { repository, issue }), { status: 201 });
  });
  api.get(`${issues}/:number{\\d+}`, (c) => {
    const [repository, issue] = requireIssue(twin, c, 'read');
    return send(toIssue(site, { repository, issue }));
  });
  api.get(`${issues}/:number{\\d+}/comments`, (c) => {
    const [repository, issue] = requireIssue(twin, c, 'read');
    const since = Date.parse(c.req.query('since') ?? '') || 0;
    const changed = issue.comments.filter(({ updatedAt }) => updatedAt >= since);
    return sendPage(new URL(c.req.url), changed, (comment) =>
      toComment(site, { repository, issue }, comment),
    );
  });
  api.post(`${issues}/:number{\\d+}/comments`, async (c) => {
    const [repository, issue] = requireIssue(twin, c, 'write');
    const { body } = await readBody(c, bodySchema);
    if (body.trim() === '') throw blankBody();
    const comment = world.addComment(issue, site.app.bot, body);
    void fireComment(twin, { sender: site.app.bot, action: 'created' }, { repository, issue, comment });
    return send(toComment(site, { repository, issue }, comment), { status: 201 });
  });
  addCommentRoutes(api, twin);
  addReactionRoutes(api, twin);
};

const addCommentRoutes = (api: Api, twin: Twin): void => {
  const { site, world } = twin;
  const path = '/repos/:owner/:name/issues/comments/:comment{\\d+}';

  api.get(path, (c) => {
    const { comment, ...thread } = requireComment(twin, c, 'read');
    return send(toComment(site, thread, comment));
  });
  api.patch(path, async (c) => {
    const { comment, ...thread } = requireComment(twin, c, 'write');
    const { body } = await readBody(c, bodySchema);
    if (body.trim() === '') throw blankBody();
    const bodyBefore = comment.body;
    comment.body = body;
    comment.updatedAt = world.now();
    void fireComment(twin, { sender: site.app.bot, action: 'edited' }, { ...thread, comment, bodyBefore });
    return send(toComment(site, thread, comment));
  });
  api.delete(path, (c) => {
    const { comment, ...thread } = requireComment(twin, c, 'write');
    const { comments } = thread.issue;
    comments.splice(comments.indexOf(comment), 1);
    void fireComment(twin, { sender: site.app.bot, action: 'deleted' }, { ...thread, comment });
    return send(undefined, { status: 204 });
  });
};

/** https://docs.github.com/rest/reactions/reactions: 201 for a new one, 200 where the same one is there. */
const addReactionRoutes = (api: Api, twin: Twin): void => {
  const ofIssue = '/repos/:owner/:name/issues/:number{\\d+}/reactions';
  const ofComment = '/repos/:owner/:name/issues/comments/:comment{\\d+}/reactions';
  const list = (c: HonoContext, reactions: readonly Reaction[]) =>
    sendPage(new URL(c.req.url), reactions, (reaction) => toReaction(twin.site, reaction));

  api.get(ofIssue, (c) => list(c, requireIssue(twin, c, 'read')[1].reactions));
  api.get(ofComment, (c) => list(c, requireComment(twin, c, 'read').comment.reactions));
  api.post(ofIssue, (c) => react(twin, c, requireIssue(twin, c, 'write')[1].reactions));
  api.post(ofComment, (c) => react(twin, c, requireComment(twin, c, 'write').comment.reactions));
};

const react = async ({ site, world }: Twin, c: HonoContext, reactions: Reaction[]): Promise<Response> => {
  const { content } = await readBody(c, reactionSchema);
  const before = reactions.find(
    (reaction) => reaction.user.id === site.app.bot.id && reaction.content === content,
  );
  if (before) return send(toReaction(site, before));
  const reaction = newReaction(world, content, site.app.bot);
  reactions.push(reaction);
  return send(toReaction(site, reaction), { status: 201 });
};

const newReaction = (world: World, content: ReactionContent, user: Reaction['user']): Reaction => ({
  id: world.nextId(),
  user,
  content,
  createdAt: world.now(),
});

const requireComment = (
  twin: Twin,
  c: HonoContext,
  level: 'read' | 'write',
): InThread & { comment: Comment } => {
  const repository = requireRepository(twin, c, [`issues:${level}`, `pull_requests:${level}`]);
  const found = findComment(repository, Number(c.req.param('comment')));
  if (!found) throw notFound();
  requireThread(twin, c, { issue: found.issue, level });
  return { repository, ...found };
};

const newIssueSchema = z.object({ title: z.string().min(1), body: bodyTextSchema.nullable().default(null) });
const bodySchema = z.object({ body: bodyTextSchema });
const reactionSchema = z.object({ content: z.enum(reactionContents) });

const blankBody = () =>
  validationFailed({
    resource: 'IssueComment',
    code: 'unprocessable',
    field: 'data',
    message: 'Body cannot be blank',
  });
