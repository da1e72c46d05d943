import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { play } from '#local/play.ts';
import type { LocalHouse } from '#test/support/local-house.ts';
import { startLocalHouse } from '#test/support/local-house.ts';

const run = promisify(execFile);

describe('one request, all the way', () => {
  let local: LocalHouse;
  let house: LocalHouse['house'];
  beforeAll(async () => {
    local = await startLocalHouse();
    ({ house } = local);
  });
  afterAll(() => local.close());

  const ask = (comment: string, { login = 'demo', issue = 1 }: { login?: string; issue?: number } = {}) =>
    play(house, local.journal, { comment, login, issue, timeoutMs: 60_000 });
  const ended = (played: Awaited<ReturnType<typeof play>>) => {
    if (played === 'interrupted' || played.kind !== 'ended')
      throw new Error(`${JSON.stringify(played)}\n${local.logs.slice(-10).join('\n')}`);
    return played.task;
  };
  const git = async (...args: string[]) => await house.github.git.run(house.demo.gitDir, args);
  const ourComments = (issue: number) => local.ourComments(issue);

  it.each([
    {
      comment: '@agent fix the failing test',
      fault: 'total',
      change: '-  return price - tax;\n+  return price + tax;',
    },
    {
      comment: '@agent fix the failing greeting test',
      fault: 'greeting',
      change:
        "-  return 'Welcome to the ship, ' + name + '!';\n+  return 'Welcome to the shop, ' + name + '!';",
    },
  ] as const)(
    '$comment becomes a pull request whose commit passes the test',
    { timeout: 90_000 },
    async ({ comment, fault, change }) => {
      const issue = house.demo.issues[fault];
      const task = ended(await ask(comment, { issue }));

      expect(task.outcome).toMatchObject({
        status: 'succeeded',
        result: { kind: 'pull_request', branch: `agent/${task.task.id}` },
      });
      const { commitSha = '', baseSha = '' } = task.facts;
      expect(await git('diff', '--unified=0', baseSha, commitSha)).toContain(change);
      expect((await git('diff', '--name-only', baseSha, commitSha)).trim()).toBe(`${fault}.js`);
      expect((await git('rev-parse', `refs/heads/agent/${task.task.id}`)).trim()).toBe(commitSha);

      const copy = mkdtempSync(join(tmpdir(), 'agent-bot-checkout-'));
      try {
        await run('git', ['clone', '-q', '--branch', `agent/${task.task.id}`, house.demo.gitDir, copy]);
        const { stdout } = await run(process.execPath, ['--test', `${fault}.test.js`], {
          cwd: copy,
          env: {},
        });
        expect(stdout).toMatch(/fail 0/);
      } finally {
        rmSync(copy, { recursive: true, force: true });
      }

      const comments = ourComments(issue);
      expect(comments).toHaveLength(1);
      expect(comments[0]!.body).toContain(`/pull/`);
      expect(comments[0]!.body).toMatch(/💰 \$\d+\.\d{4} · \d+ turns · \d+s/);
    },
  );

  it('leaves no token alive, no run folder, and no key in what the twins saw', async () => {
    const calls = local.journal.entries();
    const minted = calls.filter(
      ({ call, status }) => /^POST .*\/access_tokens$/.test(call) && status === 201,
    ).length;
    const revoked = calls.filter(
      ({ call, status }) => /^DELETE .*\/installation\/token$/.test(call) && status === 204,
    ).length;
    expect(minted).toBeGreaterThan(0);
    expect(revoked).toBe(minted);
    expect(readdirSync(join(local.stateDir, 'runs'))).toEqual([]);
    expect(readdirSync(join(local.stateDir, 'worker', 'bare'))).toEqual([]);

    const { password } = house.postgres.master;
    const privateKey = house.github.app.privateKey.split('\n')[1]!;
    const seen = JSON.stringify(calls) + local.logs.join('\n');
    for (const secret of [
      password,
      privateKey,
      house.github.app.webhookSecret,
      house.surroundings.database.appPassword,
    ]) {
      expect(seen.includes(secret)).toBe(false);
    }
  });

  it(
    'calls a prompt without a request that it knows a failed run, and says so on the thread',
    { timeout: 90_000 },
    async () => {
      const task = ended(await ask('@agent do something nice'));

      expect(task.outcome).toMatchObject({ status: 'failed', reason: 'nothing_done' });
      expect(ourComments(house.demo.issues.total).at(-1)!.body).toContain('changed nothing and said nothing');
    },
  );

  it('makes no task of somebody who may not write, and keeps the reason', async () => {
    for (const login of [house.demo.reader, house.demo.stranger]) {
      expect(await ask('@agent fix the failing test', { login })).toEqual({
        kind: 'not_taken',
        reason: 'no_permission',
      });
    }
  });

  it('takes nothing where nobody is called', async () => {
    expect(await ask('just talking')).toEqual({ kind: 'not_taken', reason: 'no_mention' });
    expect(await ask('`@agent fix it` is how it would be said')).toEqual({
      kind: 'not_taken',
      reason: 'no_mention',
    });
  });

  it('makes one task of one comment, however often it is delivered', { timeout: 60_000 }, async () => {
    const delivery = house.github
      .deliveries()
      .find(
        ({ event, request }) => event === 'issue_comment' && request.body.includes('fix the failing test'),
      )!;
    const launches = () => local.journal.entries().filter(({ call }) => call === 'task RUNNING').length;
    const records = () =>
      local.journal
        .entries()
        .filter(({ call, detail }) => call === 'ledger' && String(detail['payload']).includes('tasks.record'))
        .length;
    const batches = () => local.journal.entries().filter(({ twin }) => twin === 'event-source').length;
    const rings = () =>
      local.journal
        .entries()
        .filter(({ call, detail }) => call === 'SendMessage' && String(detail['queue']).startsWith('tasks-'))
        .length;
    const [launchedBefore, recordedBefore, ringsBefore] = [launches(), records(), rings()];
    expect(ringsBefore).toBeGreaterThan(0);

    const batchesBefore = batches();
    const again = await fetch(delivery.url, {
      method: 'POST',
      headers: { ...delivery.request.headers, 'x-github-delivery': 'aaaaaaaa-0000-4000-8000-000000000001' },
      body: delivery.request.body,
    });

    expect(again.status).toBe(202);
    await local.journal.waitFor(() => records() > recordedBefore);
    await local.journal.waitFor(() => batches() > batchesBefore);
    expect(launches()).toBe(launchedBefore);
    expect(rings()).toBe(ringsBefore);
    expect(
      house.github
        .repository(house.demo.repository)
        .issues.get(house.demo.issues.total)!
        .comments.filter(({ body }) => body.includes('/pull/')),
    ).toHaveLength(1);
  });

  it.each([
    ['a wrong signature', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }],
    ['no signature', {}],
  ])('answers %s with 401 and queues nothing', async (_, headers) => {
    const sent = () => local.journal.entries().filter(({ call }) => call === 'SendMessage').length;
    const before = sent();

    const answer = await fetch(`${house.api.url}/webhooks/github`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'issue_comment',
        'x-github-delivery': 'g-1',
        ...headers,
      },
      body: '{}',
    });

    expect(answer.status).toBe(401);
    expect(sent()).toBe(before);
  });

  it('has a sweeper that finds its way to the list of deliveries', async () => {
    expect(await house.functions.invoke('sweep', {})).toMatchObject({ kind: 'answered' });
    await local.journal.waitFor(({ call, status }) => call === 'GET /app/hook/deliveries' && status === 200);
  });

  it('answers an unknown path with 404 and its health with 200', async () => {
    expect((await fetch(`${house.api.url}/nothing`, { method: 'POST' })).status).toBe(404);
    expect((await fetch(`${house.api.url}/health`)).status).toBe(200);
  });

  it('works on two issues at once: no run ends what runs for the other', { timeout: 90_000 }, async () => {
    const from = local.journal.entries().length;
    const tasks = await Promise.all([
      ask('@agent fix the failing test', { issue: house.demo.issues.total }),
      ask('@agent fix the failing greeting test', { issue: house.demo.issues.greeting }),
    ]);

    for (const task of tasks) expect(ended(task).outcome).toMatchObject({ status: 'succeeded' });
    const states = () =>
      local.journal
        .entries()
        .slice(from)
        .flatMap(({ call }) => /^task (\w+)$/.exec(call)?.[1] ?? []);
    await local.journal.waitFor(() => states().length === 4);
    expect(states()).toEqual(['RUNNING', 'RUNNING', 'STOPPED', 'STOPPED']);
  });

  it('starts no CI until somebody with write access says so', { timeout: 90_000 }, async () => {
    const { task } = ended(await ask('@agent fix the failing test', { issue: house.demo.issues.total }));
    const branch = `refs/heads/agent/${task.id}`;
    const messageOf = (commit: string) => git('show', '-s', '--format=%B', commit);
    expect(await messageOf(branch)).toContain('[skip ci]');
    const words = { comment: '@agent run ci', issue: house.demo.issues.total };
    expect(await ask(words.comment, { ...words, login: house.demo.reader })).toMatchObject({
      kind: 'not_taken',
    });
    expect(await messageOf(branch)).toContain('[skip ci]');

    expect(ended(await ask(words.comment, words)).outcome).toMatchObject({ result: { kind: 'answer' } });
    expect(await messageOf(branch)).not.toContain('[skip ci]');
    expect(await git('diff', `${branch}^`, branch)).toBe('');
  });
});
