import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeMessage } from '#core/messages.ts';
import type { Outcome } from '#core/task.ts';
import { dueBells } from '#db/bells.ts';
import { createDeadLetters } from '#db/dead-letters.ts';
import type { DeadLetters } from '#db/dead-letters.ts';
import { createOperations } from '#db/operations.ts';
import type { Operations } from '#db/operations.ts';
import { createRuns } from '#db/runs.ts';
import { createSpend } from '#db/spend.ts';
import { createTasks } from '#db/tasks.ts';
import type { Tasks } from '#db/tasks.ts';
import { createWorkers } from '#db/workers.ts';
import { aDelivery, anInstallation, aThread, aTrigger } from '#test/builders.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { aRecordInput } from '#test/support/record-input.ts';

const failed: Outcome = { status: 'failed', reason: 'nothing_done', detail: '' };
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
let tasks: Tasks;
let operations: Operations;
let letters: DeadLetters;
beforeAll(async () => {
  database = await migratedDatabase();
  tasks = createTasks(database.db);
  operations = createOperations(database.db);
  letters = createDeadLetters(database.db);
});
afterAll(() => database.close());
beforeEach(() => database.clear());

const aTask = async (changes: Parameters<typeof aRecordInput>[0] = {}) =>
  await tasks.record(aRecordInput(changes));
const claim = async (threadKey: string) => {
  const claimed = await tasks.claim({ threadKey, workerId: randomUUID() });
  if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
  return { taskId: claimed.job.task.id, fence: claimed.job.fence, job: claimed.job };
};
const end = async (threadKey: string, outcome: Outcome) => {
  const held = await claim(threadKey);
  await tasks.finish({ ...held, outcome });
  return held;
};
const letter = async (body: string) => {
  const recorded = await letters.record({
    messageId: randomUUID(),
    queue: 'q',
    groupId: 'g',
    body,
    reason: 'received too often',
  });
  if (recorded.kind !== 'recorded') throw new Error(recorded.kind);
  return recorded;
};
const aDeadTask = async () => {
  const task = await aTask();
  const { id: taskId, threadKey, generation } = task;
  const { id: letterId } = await letter(encodeMessage({ version: 1, threadKey, taskId, generation }));
  return { ...task, letterId };
};

describe('the list of tasks', () => {
  it('has the open ones, the newest first, or all of them with how they ended', async () => {
    const first = await aTask();
    const second = await aTask({ request: { command: 'discover' } });
    await end(first.threadKey, failed);

    const open = await operations.list({ which: 'open', limit: 10 });
    expect(open).toMatchObject({ more: false, tasks: [{ id: second.id, status: 'queued', reason: null }] });
    const all = await operations.list({ which: 'all', limit: 10 });
    expect(all.tasks.map(({ id, status, reason, command }) => [id, status, reason, command])).toEqual([
      [second.id, 'queued', null, 'discover'],
      [first.id, 'failed', 'nothing_done', 'fix'],
    ]);
    expect(await operations.list({ which: 'all', limit: 1 })).toMatchObject({
      more: true,
      tasks: [{ id: second.id }],
    });
  });

  it('can be of one thread or one repository, however it is written', async () => {
    const here = await aTask({ thread: { number: 7 } });
    await aTask({ thread: { number: 8 } });
    await aTask({ thread: { repository: 'octo-org/other', repositoryId: '2', number: 7 } });
    const of = async (thread: { repository: string; number?: number }) =>
      (await operations.list({ which: 'open', thread, limit: 10 })).tasks.map(({ id }) => id);
    expect(await of({ repository: 'Octo-Org/Shop', number: 7 })).toEqual([here.id]);
    expect(await of({ repository: 'octo-org/shop' })).toHaveLength(2);
  });

  it('says why a task waits and until when', async () => {
    const { threadKey } = await aTask();
    await tasks.wait({ ...(await claim(threadKey)), reason: 'model_away', afterMs: 60_000 });
    const { tasks: listed } = await operations.list({ which: 'open', limit: 1 });
    expect(listed).toMatchObject([
      { status: 'waiting', waitingReason: 'model_away', reason: 'model_away', waitUntil: expect.any(String) },
    ]);
  });
});

describe('what is shown of a task', () => {
  it('is all that is stored: its runs and their money, its deliveries, its dead letters', async () => {
    const { id, threadKey, generation } = await aTask();
    const held = await claim(threadKey);
    await createRuns(database.db).start({ ...held, sessionId: randomUUID() });
    await createRuns(database.db).finish({ ...held, status: 'failed', report });
    await createSpend(database.db).settle({ ...held, usd: 0.5 });
    await tasks.release(held);
    await letter(encodeMessage({ version: 1, threadKey, taskId: id, generation }));

    expect(await operations.show({ ref: id.slice(0, 8) })).toMatchObject({
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
      const task = await aTask();
      await database.query('update deliveries set task_id = null, refusal = $1 where task_id = $2', [
        'no_permission',
        task.id,
      ]);
      await database.query('update tasks set id = $1 where id = $2', [id, task.id]);
    }
    expect(await operations.show({ ref: 'aaaaaaaa' })).toMatchObject({
      kind: 'ambiguous',
      ids: expect.arrayContaining(ids),
    });
    expect(await operations.show({ ref: ids[0]! })).toMatchObject({ kind: 'found', task: { id: ids[0] } });
    expect(await operations.show({ ref: 'bbbb' })).toEqual({ kind: 'not_found' });
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
    const { id, threadKey } = await aTask();
    const held = await claim(threadKey);
    await tasks.advance({ ...held, step: 'ran', facts: { outcome, failures: { overloaded: 5 } } });
    await database.query("update tasks set stop_by = 'octo-dev', attempt = 6");
    await tasks.finish({ ...held, outcome });

    expect(await operations.retry({ ref: id })).toEqual({ kind: 'requeued', id, step: 'received' });

    expect(await dueBells(database.db, 5)).toMatchObject([{ ring: { taskId: id, generation: 1 } }]);
    const { job } = await claim(threadKey);
    expect(job).toMatchObject({
      fence: 2,
      attempt: 1,
      stopBy: null,
      task: { step: 'received', generation: 1 },
    });
    expect(job.facts).toEqual({ beginnings: 1 });
    expect(await tasks.get(id)).toMatchObject({ outcome: null });
  });

  it('goes on from a run that was paid for', async () => {
    const { id, threadKey } = await aTask();
    const held = await claim(threadKey);
    const facts = { baseBranch: 'main', baseSha: 'abc', patchKey: 'tasks/1.patch', report };
    await tasks.advance({ ...held, step: 'ran', facts });
    await tasks.advance({ ...held, step: 'ran', facts: { outcome: failed } });
    await tasks.finish({ ...held, outcome: failed });

    expect(await operations.retry({ ref: id })).toMatchObject({ step: 'ran' });
    expect((await claim(threadKey)).job.facts).toEqual(facts);
  });

  it('is refused for a task that is open or has succeeded, and changes nothing', async () => {
    const { id, threadKey } = await aTask();
    expect(await operations.retry({ ref: id })).toEqual({ kind: 'not_retried', id, status: 'queued' });
    const held = await claim(threadKey);
    expect(await operations.retry({ ref: id })).toMatchObject({ status: 'running' });
    await tasks.finish({
      ...held,
      outcome: { status: 'succeeded', result: { kind: 'answer' }, summary: '' },
    });
    expect(await operations.retry({ ref: id })).toMatchObject({ status: 'succeeded' });
    expect(await operations.retry({ ref: '0000' })).toEqual({ kind: 'not_found' });
  });

  it('asked for twice at once is done once', async () => {
    const { id, threadKey } = await aTask();
    await end(threadKey, failed);
    const answers = await database.atOnce(2, () => operations.retry({ ref: id }));
    expect(answers.map(({ kind }) => kind).sort()).toEqual(['not_retried', 'requeued']);
  });

  it('of an older task holds back what came after it, as it did at first', async () => {
    const first = await aTask();
    const second = await aTask();
    await end(first.threadKey, failed);
    await operations.retry({ ref: first.id });
    expect((await claim(second.threadKey)).taskId).toBe(first.id);
  });
});

describe('a redrive', () => {
  it.each(['id', 'letterId'] as const)('brings a dead task back, named by its %s', async (name) => {
    const dead = await aDeadTask();
    expect(await operations.redrive({ ref: dead[name], force: false })).toEqual({
      kind: 'requeued',
      id: dead.id,
      step: 'received',
    });
    expect((await claim(dead.threadKey)).taskId).toBe(dead.id);
    expect((await letters.list({ which: 'all', limit: 5 })).letters).toMatchObject([
      { id: dead.letterId, state: 'redriven' },
    ]);
    expect(await letters.toRedrive({ limit: 5 })).toEqual([]);
  });

  it('is for dead tasks alone', async () => {
    const { id, threadKey } = await aTask();
    await end(threadKey, failed);
    expect(await operations.redrive({ ref: id, force: true })).toEqual({
      kind: 'not_dead',
      id,
      status: 'failed',
    });
    expect(await operations.redrive({ ref: '0000', force: false })).toEqual({ kind: 'not_found' });
  });

  it('after a newer task of the thread has ended says so, and is done when it is asked for all the same', async () => {
    const dead = await aDeadTask();
    const newer = await aTask();
    await end(newer.threadKey, failed);

    expect(await operations.redrive({ ref: dead.id, force: false })).toEqual({
      kind: 'newer_ended',
      id: dead.id,
      newer: newer.id,
    });
    expect((await tasks.get(dead.id))?.task.status).toBe('dead');
    expect(await operations.redrive({ ref: dead.id, force: true })).toMatchObject({ kind: 'requeued' });
  });

  it('of a request that never became a task marks it for the inbox until somebody has sent it, once', async () => {
    const body = encodeMessage(aDelivery());
    const { id } = await letter(body);
    await letters.announced({ id });
    expect(await letters.toRedrive({ limit: 5 })).toEqual([]);

    expect(await operations.redrive({ ref: id.slice(0, 8), force: false })).toEqual({ kind: 'to_inbox', id });
    await letters.announced({ id }); // a late one of before
    expect(await letters.toRedrive({ limit: 5 })).toEqual([{ id, groupId: 'g', body }]);
    expect((await letters.list({ which: 'all', limit: 5 })).letters).toMatchObject([{ state: 'to_redrive' }]);

    await letters.redriven({ id });
    expect(await letters.toRedrive({ limit: 5 })).toEqual([]);
    expect((await letters.list({ which: 'all', limit: 5 })).letters).toMatchObject([{ state: 'redriven' }]);
    expect(await letters.list({ which: 'kept', limit: 5 })).toEqual({ letters: [], more: false });
    expect(await operations.redrive({ ref: id, force: false })).toEqual({ kind: 'already', id });
  });

  it('of such a request asks too whether the thread has gone on', async () => {
    const { id } = await letter(encodeMessage(aDelivery()));
    const newer = await aTask();
    await end(newer.threadKey, failed);
    expect(await operations.redrive({ ref: id, force: false })).toMatchObject({
      kind: 'newer_ended',
      newer: newer.id,
    });
    expect(await operations.redrive({ ref: id, force: true })).toEqual({ kind: 'to_inbox', id });
  });

  it('brings back the news of an installation, and refuses what is no message', async () => {
    const installation = anInstallation();
    const news = await letter(encodeMessage(aDelivery({ event: { kind: 'installation', installation } })));
    expect(await operations.redrive({ ref: news.id, force: false })).toMatchObject({ kind: 'to_inbox' });
    const { id } = await letter('{');
    expect(await operations.redrive({ ref: id, force: false })).toEqual({ kind: 'unreadable', id });
  });
});

describe('how the house is', () => {
  it('is told in numbers', async () => {
    const workers = createWorkers(database.db);
    await aTask();
    await letter('{');
    const { threadKey } = await aTask({ thread: { number: 2 }, trigger: aTrigger({ key: 'b' }) });
    const workerId = randomUUID();
    await workers.beat(workerId);
    await workers.beat(randomUUID());
    await tasks.claim({ threadKey, workerId });
    expect(await operations.status()).toEqual({
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
