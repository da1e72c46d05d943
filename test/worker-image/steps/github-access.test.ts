// One job's way into GitHub over a long time, with a wrong clock, and while GitHub wants to be left alone.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Task } from '#core/task.ts';
import { createGithubApp } from '#core/platforms/github/app.ts';
import { threadKey } from '#core/thread-key.ts';
import { aRequest, aThread, aTrigger } from '#test/builders.ts';
import { aLog } from '#test/support/fakes.ts';
import { secondaryLimit } from '#test/support/github-server.ts';
import type { House } from '#test/local/github/start-twin.ts';
import { startTwin } from '#test/local/github/start-twin.ts';
import { createGit } from '#worker/git/git.ts';
import { startHeartbeat } from '#worker/lease/heartbeat.ts';
import { createGithubAccess } from '#worker/steps/github-access.ts';

const minute = 60_000;
/** Of GitHub, against the machine's. */
let aheadMs = 0;
/** Of the worker, against the machine's. */
let passedMs = 0;
let house: House;
beforeEach(async () => {
  aheadMs = 0;
  passedMs = 0;
  house = await startTwin({ now: () => Date.now() + aheadMs });
});
afterEach(() => house.close());

const aTask = (): Task => {
  const { commentId, url } = house.twin.comment({
    repository: house.demo.repository,
    number: 1,
    login: house.demo.writer,
    body: '@agent fix it',
  });
  const thread = aThread({
    tenantId: String(house.installationId),
    repositoryId: String(house.demo.repositoryId),
    repository: house.demo.repository,
  });
  return {
    id: crypto.randomUUID(),
    threadKey: threadKey(thread),
    thread,
    trigger: aTrigger({ commentId: String(commentId), url, createdAt: new Date().toISOString() }),
    request: aRequest(),
    lane: 'normal',
    status: 'running',
    step: 'received',
    generation: 0,
  };
};
const anApp = () => {
  const { app, apiUrl } = house.twin;
  return createGithubApp({ appId: String(app.id), privateKey: app.privateKey, apiUrl });
};
const open = (task = aTask()) =>
  createGithubAccess({
    source: () => Promise.resolve(anApp()),
    githubUrl: house.twin.webUrl,
    log: aLog().log,
    now: () => Date.now() + passedMs,
  })(task);
const calls = (pattern: RegExp) => house.journal.entries().filter(({ call }) => pattern.test(call));
const pass = (ms: number) => {
  aheadMs += ms;
  passedMs += ms;
};

/** Asks the repository, as a push would, with whatever token is the right one now. */
const askByGit = async (token: () => Promise<string>): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'github-access-'));
  try {
    const url = `${house.twin.webUrl}/${house.demo.repository}.git`;
    const signal = new AbortController().signal;
    const git = await createGit({ folder: join(folder, 'bare.git'), url, token, signal });
    return (await git.run(['ls-remote', '--', git.url, 'refs/heads/main'], { withToken: true })).toString();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

describe('a token', () => {
  it('of a job that takes long is replaced before it ends, by one that works everywhere', async () => {
    const access = await open();
    const first = await access.token();
    pass(44 * minute);
    expect(await access.token()).toBe(first);
    pass(2 * minute);
    const second = await access.token();
    expect(second).not.toBe(first);
    expect(await askByGit(() => Promise.resolve(first))).toContain(house.demo.headSha);
    pass(24 * minute);
    await expect(askByGit(() => Promise.resolve(first))).rejects.toThrow('ended with 128');
    expect(await askByGit(access.token)).toContain(house.demo.headSha);
    expect(await access.say({ body: 'still here', fence: 1 })).toMatch(/^\d+$/);
    await access.end();
    expect(calls(/DELETE .*installation\/token/)).toHaveLength(2);
    await expect(askByGit(() => Promise.resolve(second))).rejects.toThrow('ended with 128');
  });

  it('is used whole, in the long form that GitHub gives', async () => {
    const access = await open();
    expect((await access.token()).length).toBeGreaterThan(480);
    expect(await askByGit(access.token)).toContain(house.demo.headSha);
    await expect(askByGit(async () => (await access.token()).slice(0, -1))).rejects.toThrow('ended with 128');
    await access.end();
  });

  it('is another one for who asks in the same second', async () => {
    const app = anApp();
    const scope = {
      tenantId: String(house.installationId),
      repository: house.demo.repository,
      permissions: { metadata: 'read' },
    } as const;
    const tokens = await Promise.all([app.tokenFor(scope), anApp().tokenFor(scope)]);
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(2);
  });
});

describe('a clock that is wrong', () => {
  it.each([
    ['ten minutes behind GitHub', 10 * minute],
    ['ten minutes before GitHub', -10 * minute],
  ])('by %s keeps nobody out', async (_, ms) => {
    aheadMs = ms;
    const access = await open();
    expect(await access.say({ body: 'here', fence: 1 })).toMatch(/^\d+$/);
    await access.end();
  });

  it('from the middle of the job on keeps nobody out', async () => {
    const access = await open();
    aheadMs = 20 * minute;
    await access.renewToken();
    aheadMs = -20 * minute;
    await access.renewToken();
    expect(await access.say({ body: 'here', fence: 1 })).toMatch(/^\d+$/);
    await access.end();
  });
});

describe('GitHub that wants to be left alone', () => {
  const comment = /POST .*\/comments$/;
  const limited = (retryAfter: string) =>
    house.faults.inject({
      call: comment,
      fault: {
        kind: 'answer',
        status: secondaryLimit.status,
        body: JSON.stringify(secondaryLimit.json),
        headers: { 'retry-after': retryAfter, 'content-type': 'application/json' },
      },
    });

  it('for a second is waited for, while the job keeps what it holds', async () => {
    const access = await open();
    limited('1');
    let beats = 0;
    let beatsBefore = 0;
    const heart = startHeartbeat({
      renew: async () => ({ kind: 'held' }),
      extend: async () => void (beats += 1),
      beat: async () => {},
      stopJob: () => {},
      log: aLog().log,
      every: { leaseMs: 10, visibilityMs: 10 },
    });
    void house.journal.waitFor(({ call }) => comment.test(call)).then(() => (beatsBefore = beats));
    expect(await access.say({ body: 'here', fence: 1 })).toMatch(/^\d+$/);
    await heart.stop();
    expect(beats).toBeGreaterThan(beatsBefore);
    expect(calls(comment).map(({ status }) => status)).toEqual([403, 201]);
    await access.end();
  });

  it('for a minute is left alone: the job goes back to the queue', async () => {
    const access = await open();
    limited('60');
    await expect(access.say({ body: 'here', fence: 1 })).rejects.toThrow('secondary rate limit');
    expect(calls(comment)).toHaveLength(1);
    await access.end();
  });

  it('in HTML is an error like any other, and no write is repeated blindly', async () => {
    const access = await open();
    const sorry = '<html><body>Unicorn!</body></html>';
    const headers = { 'content-type': 'text/html' };
    house.faults.inject({ call: comment, fault: { kind: 'answer', status: 502, body: sorry, headers } });
    await expect(access.say({ body: 'here', fence: 1 })).rejects.toMatchObject({ status: 502 });
    expect(calls(comment)).toHaveLength(1);
    expect(await access.say({ body: 'here', fence: 1 })).toMatch(/^\d+$/);
    await access.end();
  });
});
