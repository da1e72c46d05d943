// What keeps a thread from going on: a wait, a freeze, somebody who is just telling the person its place.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Tasks } from '#db/tasks.ts';
import { createTasks } from '#db/tasks.ts';
import { createWorkers } from '#db/workers.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { aRecordInput, recordAndTell } from '#test/support/record-input.ts';

let database: TestDatabase;
let tasks: Tasks;
beforeAll(async () => {
  database = await migratedDatabase();
  tasks = createTasks(database.db);
});
afterAll(() => database.close());
beforeEach(() => database.clear());

const ask = (threadKey: string) => tasks.claim({ threadKey, workerId: randomUUID() });
const claim = async (threadKey: string) => {
  const claimed = await ask(threadKey);
  if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
  return { taskId: claimed.job.task.id, fence: claimed.job.fence };
};
const freeze = (scope: string) =>
  database.query("insert into freezes (scope, reason, frozen_by) values ($1, 'a test', 'octo-dev')", [scope]);
const thaw = () => database.query('update freezes set thawed_at = now()');
const wanted = async () =>
  (await createWorkers(database.db).plan({ cap: 9, warm: 0, capacity: 'on_demand' })).wanted;

describe('a wait', () => {
  it('holds the tasks behind it, whatever rings', async () => {
    const { threadKey } = await recordAndTell(tasks);
    await recordAndTell(tasks);
    await tasks.wait({ ...(await claim(threadKey)), reason: 'over_budget' });
    expect(await ask(threadKey)).toEqual({ kind: 'waiting', reason: 'over_budget' });
    expect(await tasks.nextOpen(threadKey)).toBeUndefined();
    expect(await wanted()).toBe(0);
  });

  it('does not count as an attempt', async () => {
    const { threadKey, id } = await recordAndTell(tasks);
    for (let round = 0; round < 7; round += 1) {
      await tasks.wait({ ...(await claim(threadKey)), reason: 'model_away' });
      await tasks.requeue(id);
    }
    await claim(threadKey);
    expect((await tasks.get(id))?.attempt).toBe(1);
  });
});

describe('a freeze', () => {
  it.each(['all', 'github:installation:4711', 'github:repository:octo-org/shop'])(
    'of %s holds the thread, stops who works on it, and lets it go on when it is over',
    async (scope) => {
      const { threadKey, id } = await recordAndTell(tasks);
      const held = await claim(threadKey);
      await freeze(scope);
      expect(await tasks.renew(held)).toEqual({ kind: 'frozen' });
      await tasks.release(held);
      expect(await wanted()).toBe(0);
      expect(await ask(threadKey)).toEqual({ kind: 'waiting', reason: 'frozen' });
      expect(await tasks.get(id)).toMatchObject({ waitingReason: 'frozen' });

      await thaw();
      await tasks.requeue(id);
      expect(await claim(threadKey)).toMatchObject({ taskId: id });
    },
  );

  it.each(['github:installation:1', 'github:repository:octo-org/other'])(
    'of %s concerns nobody else',
    async (scope) => {
      const { threadKey } = await recordAndTell(tasks);
      await freeze(scope);
      const held = await claim(threadKey);
      expect(await tasks.renew(held)).toEqual({ kind: 'held' });
    },
  );
});

describe('a request behind another', () => {
  it('says how many are before it, and is not begun while the person is told', async () => {
    const first = await recordAndTell(tasks);
    const second = await tasks.record(aRecordInput());
    expect(first.greet).toBeNull();
    expect(second.greet).toEqual({ ahead: 1 });
    await tasks.finish({ ...(await claim(first.threadKey)), outcome: { status: 'expired' } });
    expect(await ask(first.threadKey)).toMatchObject({ kind: 'leased' });

    await tasks.greeted({ taskId: second.id, commentId: '7' });
    expect(await ask(first.threadKey)).toMatchObject({ job: { facts: { commentId: '7' } } });
  });

  it('is begun although nobody told its place, after a minute', async () => {
    const { threadKey } = await recordAndTell(tasks);
    const { id } = await tasks.record(aRecordInput());
    await tasks.finish({ ...(await claim(threadKey)), outcome: { status: 'expired' } });
    await database.query("update tasks set greeting_until = greeting_until - interval '61 seconds'");
    expect(await claim(threadKey)).toMatchObject({ taskId: id });
  });

  it('is told its place once', async () => {
    await recordAndTell(tasks);
    const input = aRecordInput();
    const { id } = await tasks.record(input);
    await tasks.greeted({ taskId: id, commentId: '7' });
    expect(await tasks.record(input)).toMatchObject({ id, created: false, greet: null });
  });

  it('is told its place by the second delivery when the first one died over it', async () => {
    await recordAndTell(tasks);
    const input = aRecordInput();
    await tasks.record(input);
    expect(await tasks.record(input)).toMatchObject({ created: false, greet: { ahead: 1 } });
  });
});

describe('a task of a newer version', () => {
  it('waits for a worker that knows it', async () => {
    const { threadKey, id } = await recordAndTell(tasks);
    await database.query(`update tasks set facts = '{"sessionId": 7}'`);
    expect(await ask(threadKey)).toEqual({ kind: 'waiting', reason: 'newer_schema' });
    const [row] = await database.query(
      'select status, wait_until > now() as later from tasks where id = $1',
      [id],
    );
    expect(row).toEqual({ status: 'waiting', later: true });
  });
});
