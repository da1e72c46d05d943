import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ringSchema } from '#core/messages.ts';
import { createTasks } from '#db/tasks.ts';
import type { Held, Tasks } from '#db/tasks.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { recordAndTell } from '#test/support/record-input.ts';

describe('the bell of a thread', () => {
  let database: TestDatabase;
  let tasks: Tasks;
  beforeAll(async () => {
    database = await migratedDatabase();
    tasks = createTasks(database.db);
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
});
