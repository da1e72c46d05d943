// The GitHub adapters against the GitHub that `npm start` plays: both sides of one contract, without a mock between.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Inbound } from '#core/delivery.ts';
import type { TokenInput } from '#core/platforms/github/app.ts';
import { createGithubApp } from '#core/platforms/github/app.ts';
import { markerKeyOf } from '#core/platforms/github/marker.ts';
import type { GithubClient } from '#core/platforms/github/octokit.ts';
import { permissionOf } from '#core/platforms/github/permission.ts';
import { addEyes } from '#core/platforms/github/reactions.ts';
import { createGithubReporter } from '#core/platforms/github/reporter.ts';
import { branchShaOf, defaultBranchOf } from '#core/platforms/github/repository.ts';
import { createGithubWebhook } from '#core/platforms/github/webhook.ts';
import type { Thread, Trigger } from '#core/task.ts';
import { aThread } from '#test/builders.ts';
import type { House } from '#test/local/github/start-twin.ts';
import { startTwin, webhookSecret } from '#test/local/github/start-twin.ts';

const taskId = '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a001';
let house: House;
let app: ReturnType<typeof createGithubApp>;
let input: TokenInput;
let octokit: GithubClient;

beforeAll(async () => {
  house = await startTwin();
  const { twin, demo, installationId } = house;
  app = createGithubApp({
    appId: String(twin.app.id),
    privateKey: twin.app.privateKey,
    apiUrl: twin.apiUrl,
  });
  input = {
    tenantId: String(installationId),
    repositoryId: String(demo.repositoryId),
    repository: demo.repository,
    permissions: { contents: 'write', issues: 'write', pull_requests: 'write', metadata: 'read' },
  };
  octokit = app.octokitFor((await app.tokenFor(input)).token);
});
afterAll(() => house.close());

const thread = (): Thread =>
  aThread({
    tenantId: input.tenantId,
    repositoryId: String(house.demo.repositoryId),
    repository: input.repository,
    number: house.demo.issues.total,
  });

/** What our webhook makes of what the act sends. */
const receiveWhile = async (act: () => unknown): Promise<Inbound> => {
  const receive = createGithubWebhook({ secrets: () => Promise.resolve([webhookSecret]), mention: '@agent' });
  const { promise: received, resolve: hand } = Promise.withResolvers<Inbound>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    // none of the headers that we read may be sent twice
    const headers = request.headers as Record<string, string | undefined>;
    hand(await receive({ headers, body: Buffer.concat(chunks) }));
    response.writeHead(202).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  house.twin.hook.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await act();
  const inbound = await received;
  house.twin.hook.url = undefined;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return inbound;
};

const comment = (login: string, body: string) =>
  receiveWhile(() =>
    house.twin.comment({ repository: house.demo.repository, number: house.demo.issues.total, login, body }),
  );
const triggerOf = (inbound: Inbound): Trigger => {
  if (inbound.kind !== 'accepted' || inbound.delivery.event.kind !== 'mention') throw new Error('no mention');
  return inbound.delivery.event.trigger;
};

describe('the webhook', () => {
  it('understands a mention, and the thread it names is the one that was meant', async () => {
    const inbound = await comment('demo', '@agent fix the failing test');
    expect(inbound).toMatchObject({ delivery: { event: { kind: 'mention', thread: thread() } } });
  });

  it('lets a comment without a mention be', async () => {
    expect(await comment('demo', 'hello')).toStrictEqual({ kind: 'ignored', reason: 'no_mention' });
  });
});

describe('the permission', () => {
  it.each([
    ['demo', 'granted'],
    ['reader', 'denied'],
    ['stranger', 'denied'],
  ])('of %s is %s', async (login, kind) => {
    const { author } = triggerOf(await comment(login, '@agent fix it'));
    expect(await permissionOf(octokit, input.repository, author)).toMatchObject({ kind });
  });
});

describe('the App', () => {
  it('knows its installation and its own login', async () => {
    expect(await app.installation(input.tenantId)).toMatchObject({
      status: 'active',
      account: house.demo.owner,
    });
    expect(await app.installation('1')).toBeUndefined();
    expect(await app.botLogin()).toBe(`${house.twin.app.slug}[bot]`);
  });

  it('says why it gets no token', async () => {
    await expect(app.tokenFor({ ...input, tenantId: '1' })).rejects.toMatchObject({
      reason: 'not_installed',
    });
    await expect(app.tokenFor({ ...input, repositoryId: '1' })).rejects.toMatchObject({
      reason: 'repository_not_covered',
    });
  });

  it('ends a token', async () => {
    const { token } = await app.tokenFor(input);
    await app.revoke(token);
    await expect(defaultBranchOf(app.octokitFor(token), input.repository)).rejects.toMatchObject({
      status: 401,
    });
    await app.revoke(token);
  });
});

describe('what it reads and writes', () => {
  it('is the default branch and its head', async () => {
    expect(await defaultBranchOf(octokit, input.repository)).toBe('main');
    expect(await branchShaOf(octokit, input.repository, 'main')).toBe(house.demo.headSha);
    expect(await branchShaOf(octokit, input.repository, 'no/such')).toBeUndefined();
  });

  it('is a reaction, as often as it is asked for', async () => {
    const trigger = triggerOf(await comment('demo', '@agent fix it'));
    await addEyes(octokit, thread(), trigger);
    await addEyes(octokit, thread(), trigger);
    expect(
      house.journal
        .entries()
        .filter(({ call }) => call.endsWith('/reactions'))
        .map(({ status }) => status),
    ).toStrictEqual([201, 200]);
  });

  it('is one comment per task, whose own webhook asks for nothing', async () => {
    const reporter = createGithubReporter(octokit, {
      appId: app.appId,
      markerKey: markerKeyOf(house.twin.app.privateKey),
    });
    const report = { thread: thread(), taskId, fence: 2, body: 'working on it, as @agent was asked' };
    let commentId = '';
    const inbound = await receiveWhile(async () => {
      commentId = await reporter.upsert(report);
    });
    expect(inbound).toStrictEqual({ kind: 'ignored', reason: 'own_comment' });
    expect(await reporter.upsert({ ...report, body: 'again' })).toBe(commentId);
    expect(await reporter.edit(commentId, { ...report, body: 'done' })).toBe(commentId);
    expect(await reporter.edit(commentId, { ...report, fence: 1, body: 'too late' })).toBe(commentId);
    expect(bodies(taskId)).toStrictEqual([expect.stringMatching(/^done\n/)]);
  });

  it('is one comment of two workers that found none, the one of the newer', async () => {
    const identity = { appId: app.appId, markerKey: markerKeyOf(house.twin.app.privateKey) };
    const task = '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a002';
    const report = (fence: number) => ({ thread: thread(), taskId: task, fence, body: `under ${fence}` });
    const { promise: bothLooked, resolve } = Promise.withResolvers<void>();
    const looks: string[] = [];
    const stopListening = house.journal.listen(({ call }) => {
      if (/^GET .*\/comments/.test(call)) looks.push(call);
      if (looks.length === 2) resolve();
    });
    // neither writes before both have looked
    const together = app.octokitFor((await app.tokenFor(input)).token);
    together.hook.before('request', async ({ method }) => void (method === 'POST' && (await bothLooked)));
    const reporter = createGithubReporter(together, identity);
    await Promise.all([reporter.upsert(report(1)), reporter.upsert(report(2))]);
    stopListening();
    expect(bodies(task)).toStrictEqual([expect.stringMatching(/^under 2\n/)]);
  });
});

const bodies = (task: string) =>
  [...house.twin.repository(house.demo.repository).issues.values()]
    .flatMap(({ comments }) => comments.map(({ body }) => body))
    .filter((body) => body.includes(`task=${task} `));
