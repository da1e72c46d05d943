import { Octokit } from '@octokit/core';
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import type { Redactor } from '#core/redact.ts';

export type GithubClient = Octokit;

/** Longer waits belong to the queue, which does not pay for them. */
const longestWaitSeconds = 10;

const HouseOctokit = Octokit.plugin(retry, throttling);

type Identity = Pick<
  NonNullable<ConstructorParameters<typeof Octokit>[0]>,
  'auth' | 'authStrategy' | 'baseUrl'
> & {
  /** What shares a pace of writes (GitHub asks for a second between them): one token. */
  paceId: string;
  redactor: Redactor;
  timeoutMs?: number;
};

/**
 * Reads are tried three times. Writes are never repeated blindly: a 502 may follow the effect, so their callers look
 * first. A rate limit of a few seconds is waited for, once: such a call was not carried out.
 * https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
export const createOctokit = ({
  paceId,
  redactor,
  timeoutMs = 10_000,
  ...identity
}: Identity): GithubClient => {
  const octokit = new HouseOctokit({
    ...identity,
    userAgent: 'agent-bot',
    log: silent,
    request: { fetch: fetchWithin(timeoutMs) },
    retry: { retries: 2, retryAfterBaseValue: 300, doNotRetry: [400, 401, 403, 404, 410, 422, 429, 451] },
    throttle: { id: paceId, onRateLimit: waitOnce, onSecondaryRateLimit: waitOnce },
  });
  octokit.hook.before('request', (options) => {
    // a copy: all requests of a client share one, and the plugins count in it
    options.request = { ...options.request, ...(options.method !== 'GET' && { retries: 0 }) };
  });
  return redactWrites(octokit, redactor);
};

/** From now on nothing that the client writes holds a secret: comment, pull request, whatever comes after them. */
export const redactWrites = (octokit: GithubClient, redactor: Redactor): GithubClient => {
  octokit.hook.before('request', (options) => {
    if (options.method === 'GET') return;
    for (const [name, value] of Object.entries(options))
      if (!ours.has(name)) options[name] = redactor.value(value);
  });
  return octokit;
};

/** How Octokit sends, not what. */
const ours = new Set(['method', 'baseUrl', 'url', 'headers', 'mediaType', 'request', 'owner', 'repo']);

type LimitArguments = [retryAfter: number, options: unknown, octokit: unknown, retryCount: number];
const waitOnce = (...[retryAfter, , , retryCount]: LimitArguments): boolean =>
  retryCount < 1 && retryAfter <= longestWaitSeconds;

/** The limit covers the body too: Octokit reads it inside the same call. */
const fetchWithin =
  (timeoutMs: number): typeof fetch =>
  (input, init) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    return fetch(input, {
      ...init,
      signal: init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout,
    });
  };

// what goes wrong is thrown, and logged once by whoever decides about it
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
