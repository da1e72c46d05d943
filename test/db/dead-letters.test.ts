import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LedgerOutput } from '#core/ledger.ts';
import { encodeMessage } from '#core/messages.ts';
import { createDeadLetters } from '#db/dead-letters.ts';
import type { DeadLetters } from '#db/dead-letters.ts';
import { createDeliveries } from '#db/deliveries.ts';
import { createTasks } from '#db/tasks.ts';
import type { Tasks } from '#db/tasks.ts';
import { createBells } from '#db/bells.ts';
import { aDelivery, anInstallation, aThread, aTrigger } from '#test/builders.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { aRecordInput, recordAndTell } from '#test/support/record-input.ts';

type Task = LedgerOutput<'tasks.record'>;

describe('a dead letter', () => {
  let database: TestDatabase;
  let tasks: Tasks;
  let letters: DeadLetters;
  beforeAll(async () => {
    database = await migratedDatabase();
    tasks = createTasks(database.db);
    letters = createDeadLetters(database.db);
  });
  afterAll(() => database.close());
  beforeEach(() => database.clear());

  const aLetter = (body: string, messageId: string = randomUUID()) => ({
    messageId,
    queue: 'tasks-normal.fifo',
    groupId: 'g',
    body,
    reason: 'received too often',
  });
  const ringOf = ({ id: taskId, threadKey, generation }: Task) =>
    encodeMessage({ version: 1, threadKey, taskId, generation });
  const record = async (body: string, messageId?: string) => {
    const recorded = await letters.record(aLetter(body, messageId));
    if (recorded.kind !== 'recorded') throw new Error(recorded.kind);
    return recorded;
  };
  const claim = async (threadKey: string) => {
    const claimed = await tasks.claim({ threadKey, workerId: randomUUID() });
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    return { taskId: claimed.job.task.id, fence: claimed.job.fence };
  };
  const rows = () => database.query('select * from dead_letters');
  const dead = { status: 'dead', reason: 'received too often' };

  it('takes its task with it: the body is kept, the row is dead, and what is to be told is said', async () => {
    const task = await tasks.record(aRecordInput());
    const body = ringOf(task);

    expect(await record(body)).toEqual({
      kind: 'recorded',
      id: expect.any(String),
      taskId: task.id,
      tell: { thread: aThread(), fence: 1, author: aTrigger().author, createdAt: aTrigger().createdAt },
      alreadyAnnounced: false,
    });
    expect(await tasks.get(task.id)).toMatchObject({
      task: { status: 'dead', step: 'received' },
      outcome: dead,
    });
    expect(await rows()).toMatchObject([
      { body, reason: dead.reason, queue: 'tasks-normal.fifo', group_id: 'g', task_id: task.id },
    ]);
    expect(await tasks.claim({ threadKey: task.threadKey, workerId: randomUUID() })).toEqual({
      kind: 'nothing_open',
    });
  });

  it('is one row however often its message is read, and is told until somebody says that it was', async () => {
    const task = await tasks.record(aRecordInput());
    const [first, again] = [await record(ringOf(task), 'm'), await record(ringOf(task), 'm')];
    expect(again).toEqual(first);

    await letters.announced({ id: first.id });
    expect(await record(ringOf(task), 'm')).toMatchObject({ id: first.id, alreadyAnnounced: true });
    expect(await rows()).toHaveLength(1);
  });

  it('waits while a worker holds its task, and takes it when the worker was lost', async () => {
    const task = await tasks.record(aRecordInput());
    const held = await claim(task.threadKey);
    expect(await letters.record(aLetter(ringOf(task)))).toEqual({ kind: 'busy', taskId: task.id });
    expect(await rows()).toEqual([]);

    await database.query("update tasks set lease_until = now() - interval '1 second'");
    await record(ringOf(task));
    expect(await tasks.get(task.id)).toMatchObject({ outcome: dead, fence: held.fence + 1 });
    expect(await tasks.finish({ ...held, outcome: { status: 'expired' } })).toBe(false);
  });

  it('changes nothing of a task that has ended, and has nothing to tell', async () => {
    const task = await tasks.record(aRecordInput());
    await tasks.finish({ ...(await claim(task.threadKey)), outcome: { status: 'expired' } });
    expect(await record(ringOf(task))).toMatchObject({ taskId: task.id, tell: null });
    expect((await tasks.get(task.id))?.outcome).toEqual({ status: 'expired' });
  });

  it('changes nothing of a task that has a newer ring', async () => {
    const task = await tasks.record(aRecordInput());
    await tasks.nextOpen(task.threadKey);
    expect(await record(ringOf(task))).toMatchObject({ taskId: task.id, tell: null });
    expect((await tasks.get(task.id))?.task.status).toBe('queued');
  });

  it('takes a task that waits', async () => {
    const task = await tasks.record(aRecordInput());
    await tasks.wait({ ...(await claim(task.threadKey)), reason: 'model_away', afterMs: 60_000 });
    await record(ringOf(task));
    expect(await tasks.get(task.id)).toMatchObject({ outcome: dead, waitingReason: null });
  });

  it('lets the thread go on: the next task is rung at once, under a generation that SQS has not seen', async () => {
    const first = await tasks.record(aRecordInput());
    const second = await recordAndTell(tasks);
    expect(await createBells(database.db).due({ limit: 5 })).toEqual([]);
    await record(ringOf(first));
    expect(await createBells(database.db).due({ limit: 5 })).toMatchObject([
      { ring: { taskId: second.id, generation: 1 } },
    ]);
  });

  it('of the inbox leaves alive what its delivery had become, and has it rung', async () => {
    const input = aRecordInput();
    const task = await tasks.record(input);
    const { thread, trigger } = input;
    const body = encodeMessage(aDelivery({ event: { kind: 'mention', thread, trigger } }));
    expect(await record(body)).toMatchObject({ taskId: task.id, tell: null });
    expect(await tasks.get(task.id)).toMatchObject({ task: { status: 'queued' }, outcome: null });
    expect(await createBells(database.db).due({ limit: 9 })).toMatchObject([{ ring: { taskId: task.id } }]);
  });

  it('of the inbox without a task is told where the person asked', async () => {
    expect(await record(encodeMessage(aDelivery()))).toMatchObject({
      taskId: null,
      tell: { thread: aThread(), author: aTrigger().author },
    });
  });

  it('of the inbox tells nobody whose request had been refused', async () => {
    const { id, platform, bodySha256, receivedAt } = aDelivery();
    await createDeliveries(database.db).refuse({
      delivery: { id, platform, bodySha256, receivedAt },
      thread: aThread(),
      triggerKey: aTrigger().key,
      command: 'fix',
      reason: 'no_permission',
    });
    expect(await record(encodeMessage(aDelivery()))).toMatchObject({ taskId: null, tell: null });
  });

  it.each([
    ['no JSON', '{'],
    ['no message of ours', '{"version":2}'],
    ['a ring of no task', encodeMessage({ version: 1, threadKey: 'k', taskId: randomUUID(), generation: 0 })],
    [
      'the news of an installation',
      encodeMessage(aDelivery({ event: { kind: 'installation', installation: anInstallation() } })),
    ],
  ])('that is %s is kept as it is, and nobody is told', async (_, body) => {
    expect(await record(body)).toMatchObject({ taskId: null, tell: null });
    expect(await rows()).toMatchObject([{ body }]);
  });
});
