import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeMessage } from '#core/messages.ts';
import { aDelivery, anInstallation, aThread } from '#test/builders.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { startOperatorHouse } from '#test/support/operator.ts';
import { storedOn } from '#test/support/stored.ts';

let database: TestDatabase;
let stored: ReturnType<typeof storedOn>;
let house: Awaited<ReturnType<typeof startOperatorHouse>>;
beforeAll(async () => {
  database = await migratedDatabase();
  stored = storedOn(database);
  house = await startOperatorHouse(database);
});
afterAll(async () => {
  await house.close();
  await database.close();
});
beforeEach(() => database.clear());

const json = async (...args: string[]) => {
  const { code, stdout } = await house.run(...args, '--json');
  return { code, data: JSON.parse(stdout) };
};
const pokes = () =>
  house.journal.entries().filter(({ twin, call }) => twin === 'lambda-api' && call === 'Invoke reconcile')
    .length;
const lines = (text: string) => text.trimEnd().split('\n');
const long = 'a-repository-with-a-name-that-is-much-longer-than-anybody-would-want-to-read-on-one-line';

describe('agent-bot tasks', () => {
  it('lists what is open in at most 80 columns, without colour where nobody looks', async () => {
    const { threadKey } = await stored.aTask({ thread: { repository: `octo-org/${long}`, number: 4711 } });
    await stored.tasks.wait({ ...(await stored.claim(threadKey)), reason: 'model_away', afterMs: 60_000 });
    const { id } = await stored.aTask({ thread: { number: 2 } });

    const { code, stdout, stderr } = await house.run('tasks');

    expect([code, stderr]).toEqual([0, '']);
    const [header, first, second, ...rest] = lines(stdout);
    expect(header).toMatch(/^ID +STATUS +LANE +STEP +THREAD +AGE +REASON$/);
    expect(first).toMatch(
      new RegExp(`^${id.slice(0, 8)}  queued   normal  received  octo-org/shop#2 +\\d+s$`),
    );
    expect(second).toMatch(/waiting {2}normal {2}received {2}octo-org\/a-repo.*… +\d+s +model_away$/);
    expect(rest).toEqual([]);
    for (const line of lines(stdout)) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).not.toContain('\u001b');
  });

  it('gives a program the whole of it', async () => {
    const { id } = await stored.aTask();
    expect(await json('tasks')).toMatchObject({
      code: 0,
      data: { more: false, tasks: [{ id, status: 'queued', repository: 'octo-org/shop', number: 1 }] },
    });
  });

  it('leaves out what has ended until it is asked for, and says how to ask', async () => {
    const { id, threadKey } = await stored.aTask();
    await stored.end(threadKey);
    expect((await house.run('tasks')).stdout).toContain('--all');
    expect(lines((await house.run('tasks', '--all')).stdout)[1]).toMatch(
      new RegExp(`^${id.slice(0, 8)}  failed .* nothing_done$`),
    );
  });

  it.each(['octo-org/shop#2', 'octo-org/shop', 'https://github.com/octo-org/shop/issues/2#issuecomment-7'])(
    'lists what is asked on %s',
    async (thread) => {
      await stored.aTask({ thread: { repository: 'octo-org/other', repositoryId: '3' } });
      const { id } = await stored.aTask({ thread: { number: 2 } });
      const { data } = await json('tasks', '--thread', thread);
      expect(data.tasks.map((task: { id: string }) => task.id)).toEqual([id]);
    },
  );
});

describe('agent-bot show', () => {
  it('tells everything that is stored, in lines that a person can read', async () => {
    const { id, letterId } = await stored.aDeadTask({
      request: { text: `words \u001b[31m that go on ${'and on '.repeat(60)}` },
    });
    const { code, stdout } = await house.run('show', id.slice(0, 8));
    expect(code).toBe(0);
    for (const part of [
      `Task ${id}`,
      'dead: received too often',
      'octo-org/shop#1',
      'octo-dev',
      'fix: words',
      letterId.slice(0, 8),
      '$0.0000',
    ])
      expect(stdout).toContain(part);
    expect(stdout).not.toContain('\u001b');
    for (const line of lines(stdout).filter((line) => !line.includes('https://')))
      expect(line.length).toBeLessThanOrEqual(80);
    expect((await json('show', id)).data).toMatchObject({ id, status: 'dead', thread: aThread() });
  });

  it('tells of a failure what came of it all the same', async () => {
    const { id, threadKey } = await stored.aTask();
    const url = 'https://github.com/octo-org/shop/pull/12';
    const draft = { url, number: 12, branch: `agent/${id}`, summary: '' };
    await stored.end(threadKey, { status: 'failed', reason: 'over_budget', detail: '', draft });
    expect((await house.run('show', id)).stdout).toMatch(/failed: over_budget, draft pull request 12\n/);
  });

  it('ends with 3 when there is no such task', async () => {
    expect(await house.run('show', 'ffffffff')).toEqual({
      code: 3,
      stdout: '',
      stderr: 'There is no task ffffffff.\n',
    });
    expect(await json('show', 'ffffffff')).toEqual({ code: 3, data: { kind: 'not_found' } });
  });
});

describe('agent-bot retry', () => {
  it('queues an ended task again and asks for a worker', async () => {
    const { id, threadKey } = await stored.aTask();
    await stored.end(threadKey);
    const before = pokes();
    const { code, stdout } = await house.run('retry', id);
    expect([code, stdout]).toEqual([
      0,
      `Task ${id} is queued again, from its beginning. A worker is asked for now.\n`,
    ]);
    expect(pokes()).toBe(before + 1);
    expect((await stored.tasks.get(id))?.task.status).toBe('queued');
  });

  it('says why not, with 1', async () => {
    const { id } = await stored.aTask();
    const { code, stderr } = await house.run('retry', id);
    expect(code).toBe(1);
    expect(stderr).toContain(`${id} is queued`);
  });
});

describe('agent-bot redrive', () => {
  it('brings a dead task back, and says no when the thread has gone on, until it is forced', async () => {
    const dead = await stored.aDeadTask();
    const newer = await stored.aTask();
    await stored.end(newer.threadKey);

    const refused = await house.run('redrive', dead.id);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('--force');
    expect((await house.run('redrive', dead.letterId.slice(0, 8), '--force')).code).toBe(0);
    expect((await stored.tasks.get(dead.id))?.task.status).toBe('queued');
    expect((await house.run('redrive', dead.id)).stderr).toContain('is queued, not dead');
  });

  it('sends a request back that never became a task, as often as it is asked', async () => {
    const { id } = await stored.aLetter(encodeMessage(aDelivery()));
    expect((await house.run('letters')).stdout).toMatch(
      new RegExp(`${id.slice(0, 8)}  -     kept   \\d+s +tasks-normal.fifo  received too often`),
    );
    expect(await json('redrive', id.slice(0, 6))).toEqual({ code: 0, data: { kind: 'to_inbox', id } });
    expect(await json('redrive', id)).toEqual({ code: 0, data: { kind: 'already', id } });
    expect((await json('letters', '--all')).data.letters).toMatchObject([{ id, state: 'to_redrive' }]);
    expect(await stored.letters.toRedrive({ limit: 5 })).toHaveLength(1);
  });

  it('refuses what is no message, and ends with 3 for nothing', async () => {
    const { id } = await stored.aLetter('{');
    expect((await house.run('redrive', id)).code).toBe(1);
    expect((await house.run('redrive', 'ffff')).code).toBe(3);
  });
});

describe('agent-bot freeze and thaw', () => {
  it('stop a repository and let it go on', async () => {
    const { threadKey } = await stored.aTask();
    const frozen = await house.run('freeze', 'Octo-Org/Shop', '--reason', 'a release', '--by', 'ops');
    expect(frozen).toEqual({
      code: 0,
      stdout:
        'github:repository:octo-org/shop is frozen.\nUnder it: 0 running tasks (stopped and saved within a minute), 1 waiting task.\n',
      stderr: '',
    });
    expect(await stored.tasks.claim({ threadKey, workerId: crypto.randomUUID() })).toMatchObject({
      reason: 'frozen',
    });
    expect((await house.run('freeze', 'octo-org/shop', '--reason', 'another')).stdout).toContain(
      'frozen before by ops: a release',
    );
    expect(lines((await house.run('freezes')).stdout)).toHaveLength(2);

    const thawed = await house.run('thaw', 'octo-org/shop');
    expect(thawed.stdout).toContain('1 task queued again');
    expect((await stored.claim(threadKey)).fence).toBe(1);
    expect((await house.run('thaw', 'octo-org/shop')).code).toBe(3);
    expect((await house.run('freezes')).stdout).toBe('Nothing is frozen.\n');
  });

  it('know an installation by its number, and everything', async () => {
    for (const [word, scope] of [
      ['all', 'all'],
      [anInstallation().tenantId, 'github:installation:4711'],
    ])
      expect((await json('freeze', word!, '--reason', 'an incident')).data).toMatchObject({
        scope,
        created: true,
        by: expect.stringMatching(/./),
      });
  });
});

describe('agent-bot status', () => {
  it('tells how many of what there are', async () => {
    await stored.aTask();
    await stored.aLetter('{');
    const { code, stdout } = await house.run('status');
    expect(code).toBe(0);
    expect(stdout).toMatch(/queued +1\n/);
    expect(stdout).toMatch(/put aside +1\n/);
    expect((await json('status')).data).toMatchObject({ deadLetters: 1, freezes: 0 });
  });
});
