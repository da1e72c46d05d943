// Who may do what: every route asks here first.
import type { Context as HonoContext, Hono } from 'hono';
import { notFound, refusal } from './answers.ts';
import { checkAppJwt } from './app-jwt.ts';
import type { Hooks } from './hooks.ts';
import type { Git } from './git.ts';
import type { Site } from './site.ts';
import type { Need, Token, Tokens } from './tokens.ts';
import { covers, holds } from './tokens.ts';
import type { Issue, Repository, World } from './world.ts';

export type Twin = { world: World; site: Site; git: Git; hooks: Hooks; tokens: Tokens };
export type Api = Hono;

/** `Authorization: Bearer …` or `token …`; both are documented. */
export const bearer = (authorization: string | undefined): string | undefined =>
  /^(?:bearer|token)\s+(\S+)$/i.exec(authorization ?? '')?.[1];

export const requireApp = ({ site, world }: Twin, c: HonoContext): void => {
  const jwt = bearer(c.req.header('authorization')) ?? '';
  checkAppJwt({ jwt, appId: site.app.id, publicKey: site.app.publicKey, nowMs: world.now() });
};

export const requireToken = ({ tokens }: Twin, c: HonoContext): Token =>
  tokens.check(bearer(c.req.header('authorization')));

/** 401 without a token, 404 outside its repositories, 403 without any one of the needed permissions: in GitHub's order. */
export const requireRepository = (twin: Twin, c: HonoContext, needs: readonly Need[]): Repository => {
  const token = requireToken(twin, c);
  const repository = repositoryAt(twin, c);
  if (!repository || !covers(token, repository)) throw notFound();
  if (!holds(token, needs)) throw refusal(403, 'Resource not accessible by integration');
  return repository;
};

/** The issue or pull request at :number; the permission it takes depends on which of the two it is. */
export const requireIssue = (twin: Twin, c: HonoContext, level: 'read' | 'write'): [Repository, Issue] => {
  const repository = requireRepository(twin, c, [`issues:${level}`, `pull_requests:${level}`]);
  const issue = repository.issues.get(Number(c.req.param('number')));
  if (!issue) throw notFound();
  requireThread(twin, c, { issue, level });
  return [repository, issue];
};

/** A pull request's thread opens to either permission, an issue's only to its own. */
export const requireThread = (
  twin: Twin,
  c: HonoContext,
  { issue, level }: { issue: Issue; level: 'read' | 'write' },
): void => {
  const needs: Need[] = issue.pull ? [`issues:${level}`, `pull_requests:${level}`] : [`issues:${level}`];
  if (!holds(requireToken(twin, c), needs)) throw refusal(403, 'Resource not accessible by integration');
};

export const repositoryAt = ({ world }: Twin, c: HonoContext): Repository | undefined =>
  world.repositories.get(`${c.req.param('owner')}/${c.req.param('name')}`.toLowerCase());
