import { generateKeyPairSync } from 'node:crypto';
import { createGithubApp } from '#core/platforms/github/app.ts';
import type { Answer, Seen } from './http-server.ts';
import { startServer } from './http-server.ts';

export const appKeys = generateKeyPairSync('rsa', { modulusLength: 2048 });
/** As GitHub hands it out: PKCS#1. */
export const appPrivateKey = appKeys.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
export const appId = '12345';

/** `METHOD /path` → the answer, a list of answers one after the other (the last stays), or a function. */
export type Routes = Record<string, Answer | Answer[] | ((request: Seen) => Answer)>;

/** A GitHub that knows only the given routes; anything else is a 404. */
export const startGithub = async (routes: Routes) => {
  const server = await startServer((request) => {
    const route =
      routes[`${request.method} ${request.path}`] ??
      routes[`${request.method} ${request.path.split('?')[0]}`];
    if (route === undefined) return { status: 404, json: { message: 'Not Found' } };
    if (typeof route === 'function') return route(request);
    if (!Array.isArray(route)) return route;
    return (route.length > 1 ? route.shift() : route[0]) ?? 'cut';
  });
  const app = createGithubApp({ appId, privateKey: appPrivateKey, apiUrl: server.url });
  const calls = () => server.seen.map(({ method, path }) => `${method} ${path}`);
  const bodyOf = (index: number): unknown => JSON.parse(server.seen[index]?.body ?? 'null');
  return { ...server, app, calls, bodyOf };
};

export const secondaryLimit = {
  status: 403,
  json: {
    message: 'You have exceeded a secondary rate limit.',
    documentation_url:
      'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits',
  },
} satisfies Answer;
export const primaryLimit = {
  status: 403,
  headers: {
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + 3_600),
  },
  json: { message: 'API rate limit exceeded' },
} satisfies Answer;
