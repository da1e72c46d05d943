import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeMessage } from '#core/messages.ts';
import type { Outcome } from '#core/task.ts';
import { createBells } from '#db/bells.ts';
import { createRuns } from '#db/runs.ts';
import { createSpend } from '#db/spend.ts';
import { createWorkers } from '#db/workers.ts';
import { aThread, aTrigger } from '#test/builders.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { failed, storedOn } from '#test/support/stored.ts';

const usage = {
  inputTokens: 1,
  outputTokens: 1,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  costUsd: 0.5,
  requests: 1,
};
const report = { usage, turns: 3, durationMs: 1000, answer: 'done' };

let database: TestDatabase;
let stored: ReturnType<typeof storedOn>;
beforeAll(async () => {
  database = await migratedDatabase();
  stored = storedOn(database);
});
afterAll(() => database.close());
beforeEach(() => database.clear());

describe('the list of tasks', () => {
  it('has the open ones, the newest first, or all of them with how they ended', async () => {
    const first = await stored.aTask();
    const second = await stored.aTask({ request: { command: 'discover' } });
    await stored.end(first.threadKey, failed);

    const open = await stored.operations.list({ which: 'open', limit: 10 });
    expect(open).toMatchObject({ more: false, tasks: [{ id: second.id, status: 'queued', reason: null }] });
    const all = await stored.operations.list({ which: 'all', limit: 10 });
    expect(all.tasks.map(({ id, status, reason, command }) => [id, status, reason, command])).toEqual([
      [second.id, 'queued', null, 'discover'],
      [first.id, 'failed', 'nothing_done', 'fix'],
    ]);
    expect(await stored.operations.list({ which: 'all', limit: 1 })).toMatchObject({
      more: true,
      tasks: [{ id: second.id }],
    });
  });

  it('can be of one thread or one repository, however it is written', async () => {
    const here = await stored.aTask({ thread: { number: 7 } });
    await stored.aTask({ thread: { number: 8 } });
    await stored.aTask({ thread: { repository: 'octo-org/other', repositoryId: '2', number: 7 } });
    const of = async (thread: { repository: string; number?: number }) =>
      (await stored.operations.list({ which: 'open', thread, limit: 10 })).tasks.map(({ id }) => id);
    expect(await of({ repository: 'Octo-Org/Shop', number: 7 })).toEqual([here.id]);
    expect(await of({ repository: 'octo-org/shop' })).toHaveLength(2);
  });

  it('says why a task waits and until when', async () => {
    const { threadKey } = await stored.aTask();
    await stored.tasks.wait({ ...(await stored.claim(threadKey)), reason: 'model_away', afterMs: 60_000 });
    const { tasks: listed } = await stored.operations.list({ which: 'open', limit: 1 });
    expect(listed).toMatchObject([
      { status: 'waiting', waitingReason: 'model_away', reason: 'model_away', waitUntil: expect.any(String) },
    ]);
  });
});

describe('what is shown of a task', () => {
  it('is all that is stored: its runs and their money, its deliveries, its dead letters', async () => {
    const { id, threadKey, generation } = await stored.aTask();
    const held = await stored.claim(threadKey);
    await createRuns(database.db).start({ ...held, sessionId: randomUUID() });
    await createRuns(database.db).finish({ ...held, status: 'failed', report });
    await createSpend(database.db).settle({ ...held, usd: 0.5 });
    await stored.tasks.release(held);
    await stored.aLetter(encodeMessage({ version: 1, threadKey, taskId: id, generation }));

    expect(await stored.operations.show({ ref: id.slice(0, 8) })).toMatchObject({
      kind: 'found',
      task: {
        id,
        status: 'dead',
        thread: aThread(),
        outcome: { status: 'dead', reason: 'received too often' },
        spentUsd: 0.5,
        reservedUsd: 0,
        runs: [{ fence: 1, status: 'failed', costUsd: 0.5, turns: 3 }],
        deliveries: [{ command: 'fix' }],
        deadLetters: [{ taskId: id, state: 'kept', reason: 'received too often' }],
      },
    });
  });

  it('needs an id that means one task', async () => {
    const ids = ['aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000002'];
    for (const id of ids) {
      const task = await stored.aTask();
      await database.query('update deliveries set task_id = null, refusal = $1 where task_id = $2', [
        'no_permission',
        task.id,
      ]);
      await database.query('update tasks set id = $1 where id = $2', [id, task.id]);
    }
    expect(await stored.operations.show({ ref: 'aaaaaaaa' })).toMatchObject({
      kind: 'ambiguous',
      ids: expect.arrayContaining(ids),
    });
    expect(await stored.operations.show({ ref: ids[0]! })).toMatchObject({
      kind: 'found',
      task: { id: ids[0] },
    });
    expect(await stored.operations.show({ ref: 'bbbb' })).toEqual({ kind: 'not_found' });
  });
});

describe('a retry', () => {
  const outcomes: Outcome[] = [
    failed,
    { status: 'timed_out', afterMs: 1 },
    { status: 'cancelled', by: 'octo-dev' },
    { status: 'expired' },
  ];

  it.each(outcomes)('of a task that is $status makes it the thread’s business again', async (outcome) => {
    const { id, threadKey } = await stored.aTask();
    const held = await stored.claim(threadKey);
    await stored.tasks.advance({ ...held, step: 'ran', facts: { outcome, failures: { overloaded: 5 } } });
    await database.query("update tasks set stop_by = 'octo-dev', attempt = 6");
    await stored.tasks.finish({ ...held, outcome });

    expect(await stored.operations.retry({ ref: id })).toEqual({ kind: 'requeued', id, step: 'received' });

    expect(await createBells(database.db).due({ limit: 5 })).toMatchObject([
      { ring: { taskId: id, generation: 1 } },
    ]);
    const { job } = await stored.claim(threadKey);
    expect(job).toMatchObject({
      fence: 2,
      attempt: 1,
      stopBy: null,
      task: { step: 'received', generation: 1 },
    });
    expect(job.facts).toEqual({ beginnings: 1 });
    expect(await stored.tasks.get(id)).toMatchObject({ outcome: null });
  });

  it('goes on from a run that was paid for', async () => {
    const { id, threadKey } = await stored.aTask();
    const held = await stored.claim(threadKey);
    const facts = { baseBranch: 'main', baseSha: 'abc', patchKey: 'tasks/1.patch', report };
    await stored.tasks.advance({ ...held, step: 'ran', facts });
    await stored.tasks.advance({ ...held, step: 'ran', facts: { outcome: failed } });
    await stored.tasks.finish({ ...held, outcome: failed });

    expect(await stored.operations.retry({ ref: id })).toMatchObject({ step: 'ran' });
    expect((await stored.claim(threadKey)).job.facts).toEqual(facts);
  });

  it('is refused for a task that is open or has succeeded, and changes nothing', async () => {
    const { id, threadKey } = await stored.aTask();
    expect(await stored.operations.retry({ ref: id })).toEqual({ kind: 'not_retried', id, status: 'queued' });
    const held = await stored.claim(threadKey);
    expect(await stored.operations.retry({ ref: id })).toMatchObject({ status: 'running' });
    await stored.tasks.finish({
      ...held,
      outcome: { status: 'succeeded', result: { kind: 'answer' }, summary: '' },
    });
    expect(await stored.operations.retry({ ref: id })).toMatchObject({ status: 'succeeded' });
    expect(await stored.operations.retry({ ref: '0000' })).toEqual({ kind: 'not_found' });
  });

  it('asked for twice at once is done once', async () => {
    const { id, threadKey } = await stored.aTask();
    await stored.end(threadKey, failed);
    const answers = await database.atOnce(2, () => stored.operations.retry({ ref: id }));
    expect(answers.map(({ kind }) => kind).sort()).toEqual(['not_retried', 'requeued']);
  });

  it('of an older task holds back what came after it, as it did at first', async () => {
    const first = await stored.aTask();
    const second = await stored.aTask();
    await stored.end(first.threadKey, failed);
    await stored.operations.retry({ ref: first.id });
    expect((await stored.claim(second.threadKey)).taskId).toBe(first.id);
  });
});

describe('how the house is', () => {
  it('is told in numbers', async () => {
    const workers = createWorkers(database.db);
    await stored.aTask();
    await stored.aLetter('{');
    const { threadKey } = await stored.aTask({ thread: { number: 2 }, trigger: aTrigger({ key: 'b' }) });
    const workerId = randomUUID();
    await workers.beat(workerId);
    await workers.beat(randomUUID());
    await stored.tasks.claim({ threadKey, workerId });
    expect(await stored.operations.status()).toEqual({
      tasks: [
        { status: 'queued', waitingReason: null, count: 1 },
        { status: 'running', waitingReason: null, count: 1 },
      ],
      lanes: [{ lane: 'normal', open: 2 }],
      workers: { beating: 2, launching: 0, busy: 1 },
      deadLetters: 1,
      freezes: 0,
    });
  });
});
