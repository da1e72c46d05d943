// The REST API under /api/v3: every call is journalled, and meets the faults that a test put in its way.
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { Context as HonoContext, MiddlewareHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, Faults } from '#local/faults.ts';
import type { Journal } from '#local/journal.ts';
import type { Twin } from './access.ts';
import { bearer } from './access.ts';
import { notFound } from './answers.ts';
import { addAppRoutes } from './rest-app.ts';
import { addIssueRoutes } from './rest-issues.ts';
import { addLabelRoutes } from './rest-labels.ts';
import { addPullRoutes } from './rest-pulls.ts';
import { addRepositoryRoutes } from './rest-repositories.ts';
import { addReviewRoutes } from './rest-reviews.ts';

type Watch = { journal: Journal; faults: Faults };

export const createApi = (twin: Twin, watch: Watch): Hono => {
  const api = new Hono();
  api.use(watched(twin, watch));
  addAppRoutes(api, twin);
  addRepositoryRoutes(api, twin);
  addIssueRoutes(api, twin);
  addPullRoutes(api, twin);
  addLabelRoutes(api, twin);
  addReviewRoutes(api, twin);
  api.notFound(() => notFound().getResponse());
  api.onError((error) => {
    if (error instanceof HTTPException) return error.getResponse();
    throw error;
  });
  return api;
};

const watched =
  (twin: Twin, { journal, faults }: Watch): MiddlewareHandler =>
  async (c, next) => {
    const path = new URL(c.req.url).pathname.replace(new URL(twin.site.apiUrl).pathname, '');
    const call = `${c.req.method} ${path}`;
    const detail = await detailOf(twin, c);
    const fault = faults.take(call);
    if (fault?.kind === 'delay') await sleep(fault.ms);
    if (fault?.kind === 'answer') c.res = faulty(fault);
    else if (fault?.kind !== 'reset') await next();
    if (fault?.kind === 'answer_after') c.res = faulty(fault);
    const isCut = fault?.kind === 'reset' || fault?.kind === 'reset_after';
    journal.record({
      twin: 'github',
      call,
      status: isCut ? 0 : c.res.status,
      detail: { ...detail, ...(fault ? { fault: fault.kind } : {}) },
    });
    if (isCut) cut(c);
    else addStandardHeaders(twin, c);
  };

/** Bodies as they came; whose token it was, never the token. */
const detailOf = async ({ tokens }: Twin, c: HonoContext): Promise<Record<string, unknown>> => {
  const query = c.req.query();
  const body = await c.req.text();
  const installationId = tokens.installationIdOf(bearer(c.req.header('authorization')));
  return {
    ...(Object.keys(query).length > 0 ? { query } : {}),
    ...(body ? { body } : {}),
    ...(installationId === undefined ? {} : { installationId }),
  };
};

const faulty = ({ status, body, headers = {} }: Extract<Fault, { status: number }>): Response =>
  new Response(body ?? JSON.stringify({ message: 'Server Error' }), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  });

const cut = (c: HonoContext): void => {
  const { incoming } = c.env as HttpBindings; // the node server gives these to every request
  incoming.socket.resetAndDestroy();
  c.res = new Response(null, { status: 502 });
};

/** Date by the twin's clock: Octokit corrects its own by it. */
const addStandardHeaders = ({ world }: Twin, c: HonoContext): void => {
  const reset = String(Math.floor(world.now() / 1000) + 3600);
  const standard = {
    date: new Date(world.now()).toUTCString(),
    'x-github-api-version-selected': '2022-11-28',
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': '4999',
    'x-ratelimit-used': '1',
    'x-ratelimit-reset': reset,
    'x-ratelimit-resource': 'core',
  };
  for (const [name, value] of Object.entries(standard))
    if (!c.res.headers.has(name)) c.res.headers.set(name, value);
};
