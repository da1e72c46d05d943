import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ringSchema } from '#core/messages.ts';
import type { Bells } from '#db/bells.ts';
import { createBells } from '#db/bells.ts';
import { createTasks } from '#db/tasks.ts';
import type { Held, Tasks } from '#db/tasks.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { recordAndTell } from '#test/support/record-input.ts';

describe('the bell of a thread', () => {
  let database: TestDatabase;
  let tasks: Tasks;
  let bells: Bells;
  beforeAll(async () => {
    database = await migratedDatabase();
    tasks = createTasks(database.db);
    bells = createBells(database.db);
  });
  afterAll(() => database.close());
  beforeEach(() => database.clear());

  const claim = async (threadKey: string): Promise<Held> => {
    const claimed = await tasks.claim({ threadKey, workerId: randomUUID() });
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    return { taskId: claimed.job.task.id, fence: claimed.job.fence };
  };

  it('names the next open task under a new generation, on the lane of the thread', async () => {
    const { threadKey } = await recordAndTell(tasks, { request: { command: 'discover' } });
    const second = await recordAndTell(tasks, { request: { command: 'fix' } });
    await tasks.finish({ ...(await claim(threadKey)), outcome: { status: 'expired' } });

    const bell = await tasks.nextOpen(threadKey);

    expect(bell).toEqual({
      lane: 'low',
      ring: { version: 1, threadKey, taskId: second.id, generation: 1 },
    });
    expect(ringSchema.parse(bell?.ring)).toEqual(bell?.ring);
    expect((await tasks.nextOpen(threadKey))?.ring.generation).toBe(2);
  });

  it('is silent while somebody works in the thread, and when nothing is open', async () => {
    const { threadKey } = await recordAndTell(tasks);
    await recordAndTell(tasks);
    const held = await claim(threadKey);
    expect(await tasks.nextOpen(threadKey)).toBeUndefined();

    await tasks.finish({ ...held, outcome: { status: 'expired' } });
    await tasks.finish({ ...(await claim(threadKey)), outcome: { status: 'expired' } });
    expect(await tasks.nextOpen(threadKey)).toBeUndefined();
  });

  it('rings for a task whose worker was lost', async () => {
    const { threadKey, id } = await recordAndTell(tasks);
    await claim(threadKey);
    await database.query("update tasks set lease_until = now() - interval '1 second'");

    expect((await tasks.nextOpen(threadKey))?.ring.taskId).toBe(id);
  });

  it('rings for a task that waited, once', async () => {
    const { threadKey, id } = await recordAndTell(tasks);
    await tasks.wait({ ...(await claim(threadKey)), reason: 'over_budget' });
    expect(await tasks.get(id)).toMatchObject({ task: { status: 'waiting' }, waitingReason: 'over_budget' });
    expect(await tasks.nextOpen(threadKey)).toBeUndefined();

    expect(await tasks.requeue(id)).toBe(true);
    expect(await tasks.get(id)).toMatchObject({
      task: { status: 'queued', generation: 1 },
      waitingReason: null,
    });
    expect(await tasks.requeue(id)).toBe(false);
  });

  describe('that is owed', () => {
    const due = async (limit = 10) => (await bells.due({ limit })).map(({ ring }) => ring);
    const passes = (minutes: number) =>
      database.query(
        `update tasks set rung_at = rung_at - $1 * interval '1 minute', wait_until = wait_until - $1 * interval '1 minute'`,
        [minutes],
      );
    const oweAll = () => database.query('update tasks set rung_at = null');

    it('is none where triage has just rung', async () => {
      await recordAndTell(tasks);
      expect(await due()).toEqual([]);
    });

    it('is that of a task whose wait is over, under a generation of its own, until it is marked', async () => {
      const { threadKey, id } = await recordAndTell(tasks);
      await tasks.wait({ ...(await claim(threadKey)), reason: 'over_budget', afterMs: 10 * 60_000 });
      await passes(9);
      expect(await due()).toEqual([]);

      await passes(2);
      const ring = { version: 1, threadKey, taskId: id, generation: 1 };
      expect(await due()).toEqual([ring]);
      expect(await due()).toEqual([ring]);
      await bells.rung({ taskId: id, generation: 1 });
      expect(await due()).toEqual([]);
      expect(await tasks.get(id)).toMatchObject({ task: { status: 'queued' }, waitingReason: null });
    });

    it('is that of a task which somebody put back', async () => {
      const { threadKey, id } = await recordAndTell(tasks);
      await tasks.wait({ ...(await claim(threadKey)), reason: 'over_budget' });
      await passes(60);
      expect(await due()).toEqual([]);

      await tasks.requeue(id);
      expect(await due()).toMatchObject([{ taskId: id, generation: 1 }]);
    });

    it('is repeated as it was for a thread that nobody came to in six minutes', async () => {
      const { id } = await recordAndTell(tasks);
      await passes(5);
      expect(await due()).toEqual([]);
      await passes(2);
      expect(await due()).toMatchObject([{ taskId: id, generation: 0 }]);
    });

    it('is none while somebody works in the thread, and one again when they are lost', async () => {
      const { threadKey, id } = await recordAndTell(tasks);
      await recordAndTell(tasks);
      await claim(threadKey);
      await oweAll();
      expect(await due()).toEqual([]);

      await database.query("update tasks set lease_until = now() - interval '1 second' where id = $1", [id]);
      expect(await due()).toMatchObject([{ taskId: id }]);
    });

    it('is not marked by who rang an earlier one', async () => {
      const { threadKey, id } = await recordAndTell(tasks);
      await tasks.wait({ ...(await claim(threadKey)), reason: 'frozen' });
      await tasks.requeue(id);
      await bells.rung({ taskId: id, generation: 0 });

      expect(await due()).toMatchObject([{ taskId: id, generation: 1 }]);
    });

    it('comes at most so many at once, those that wait longest first', async () => {
      const ids: string[] = [];
      for (const number of [1, 2, 3]) ids.push((await recordAndTell(tasks, { thread: { number } })).id);
      await oweAll();

      const first = await due(2);
      expect(first.map(({ taskId }) => taskId)).toEqual(ids.slice(0, 2));
      for (const ring of first) await bells.rung(ring);
      expect((await due(2)).map(({ taskId }) => taskId)).toEqual(ids.slice(2));
    });
  });
});
