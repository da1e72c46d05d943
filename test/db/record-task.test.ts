import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDeliveries } from '#db/deliveries.ts';
import { createTasks } from '#db/tasks.ts';
import type { Tasks } from '#db/tasks.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { aRecordInput } from '#test/support/record-input.ts';

describe('tasks.record', () => {
  let database: TestDatabase;
  let tasks: Tasks;
  beforeAll(async () => {
    database = await migratedDatabase();
    tasks = createTasks(database.db);
  });
  afterAll(() => database.close());
  beforeEach(() => database.clear());

  const count = async (table: string) =>
    (await database.query(`select count(*)::int as n from ${table}`))[0]!['n'];

  it('stores what was asked for, as it was asked', async () => {
    const input = aRecordInput({ trigger: { author: { id: '90071992547409931', login: 'octo-dev' } } });

    const recorded = await tasks.record(input);

    expect(recorded).toMatchObject({ created: true, status: 'queued', lane: 'normal', generation: 0 });
    const stored = await tasks.get(recorded.id);
    expect(stored).toEqual({
      task: {
        id: recorded.id,
        threadKey: recorded.threadKey,
        thread: input.thread,
        trigger: input.trigger,
        request: input.request,
        lane: 'normal',
        status: 'queued',
        step: 'received',
        generation: 0,
      },
      facts: {},
      fence: 0,
      attempt: 0,
      waitingReason: null,
      outcome: null,
    });
  });

  it('stores text that Postgres itself would refuse', async () => {
    const { id } = await tasks.record(
      aRecordInput({
        trigger: { text: 'a\u0000b \ud83d\ude00 \ud83d ü' },
        request: { text: '\\u0000 "\udc00' },
      }),
    );

    const stored = await tasks.get(id);
    expect(stored?.task.trigger.text).toBe('a\ufffdb \ud83d\ude00 \ufffd ü');
    expect(stored?.task.request.text).toBe('\\u0000 "\ufffd');
  });

  const first = aRecordInput();
  const again = {
    'the same delivery': first,
    'the same body under another delivery id': {
      ...first,
      delivery: { ...first.delivery, id: randomUUID() },
    },
    'another delivery of the same trigger': { ...aRecordInput(), trigger: first.trigger },
  };
  it.each(Object.entries(again))('gives the task of the first time to %s', async (_, repeat) => {
    const { id } = await tasks.record(first);

    expect(await tasks.record(repeat)).toMatchObject({ id, created: false });
    expect(await count('tasks')).toBe(1);
  });

  it('makes one task of twenty repeats at the same instant', async () => {
    const kinds = Object.values(again);

    const recorded = await database.atOnce(20, (i) => tasks.record(kinds[i % kinds.length]!));

    expect(new Set(recorded.map(({ id }) => id)).size).toBe(1);
    expect(recorded.filter(({ created }) => created)).toHaveLength(1);
    expect(await count('tasks')).toBe(1);
  });

  it('makes a task of each of twenty requests in one thread at the same instant', async () => {
    const recorded = await database.atOnce(20, () => tasks.record(aRecordInput()));

    expect(new Set(recorded.map(({ id }) => id)).size).toBe(20);
    expect(await count('deliveries')).toBe(20);
  });

  it('says how the task of the first time stands now', async () => {
    const input = aRecordInput();
    const { threadKey } = await tasks.record(input);
    const claim = await tasks.claim({ threadKey, workerId: randomUUID() });
    if (claim.kind !== 'claimed') throw new Error(claim.kind);
    const { task, fence } = claim.job;
    await tasks.finish({ taskId: task.id, fence, outcome: { status: 'cancelled', by: 'octo-dev' } });

    expect(await tasks.record(input)).toMatchObject({ created: false, status: 'cancelled' });
  });

  it('puts a thread on the lane of its first open task', async () => {
    const low = await tasks.record(aRecordInput({ request: { command: 'discover' } }));
    const behind = await tasks.record(aRecordInput({ request: { command: 'stop' } }));
    const elsewhere = await tasks.record(
      aRecordInput({ request: { command: 'stop' }, thread: { number: 2 } }),
    );

    expect([low.lane, behind.lane, elsewhere.lane]).toEqual(['low', 'low', 'high']);
  });

  it('forgets the lane of a thread in which nothing is open any more', async () => {
    const { threadKey } = await tasks.record(aRecordInput({ request: { command: 'discover' } }));
    const claim = await tasks.claim({ threadKey, workerId: randomUUID() });
    if (claim.kind !== 'claimed') throw new Error(claim.kind);
    await tasks.finish({ taskId: claim.job.task.id, fence: claim.job.fence, outcome: { status: 'expired' } });

    const next = await tasks.record(aRecordInput({ request: { command: 'stop' } }));

    expect(next.lane).toBe('high');
  });

  it('gives a delivery its task when it had been refused before', async () => {
    const deliveries = createDeliveries(database.db);
    const input = aRecordInput();
    await deliveries.refuse({
      delivery: input.delivery,
      thread: input.thread,
      triggerKey: input.trigger.key,
      command: 'fix',
      reason: 'no_permission',
    });

    const recorded = await tasks.record(input);

    expect(recorded.created).toBe(true);
    expect(await deliveries.find(input.delivery)).toEqual({ kind: 'task', taskId: recorded.id });
  });

  it('keeps nothing of a request that could not be stored whole', async () => {
    await database.query('alter table deliveries add constraint never check (false) not valid');
    try {
      await expect(tasks.record(aRecordInput())).rejects.toThrow('tasks.record failed: 23514 never');
      expect(await count('tasks')).toBe(0);
    } finally {
      await database.query('alter table deliveries drop constraint never');
    }
  });
});
