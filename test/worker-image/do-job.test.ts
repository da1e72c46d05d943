import { once } from 'node:events';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { visibilitySeconds } from '#core/job.ts';
import { freezeNotice, notify } from '#db/notices.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import type { WorkerQueues } from '#test/support/worker-queues.ts';
import { empty, notCalled, startWorkerQueues, untilStopped } from '#test/support/worker-queues.ts';

let database: TestDatabase;
let house: WorkerQueues;
beforeAll(async () => {
  database = await migratedDatabase();
});
beforeEach(async () => {
  house = await startWorkerQueues(database);
  return house.close;
});
afterAll(() => database.close());

describe('a job that does not end well', () => {
  it('is not acknowledged after an error that nobody expected', async () => {
    const task = await house.aTask();
    await house.ring(task);
    const cause = new Error('ECONNRESET');
    const { work, lines } = house.aWorker(() => Promise.reject(new Error('clone failed', { cause })));
    expect(await work()).toBe('failed');
    expect(await house.depth()).toEqual({ waiting: 0, inFlight: 1 });
    expect(lines.find(({ message }) => message === 'job failed')?.fields).toMatchObject({
      taskId: task.id,
      detail: 'clone failed',
      cause: { detail: 'ECONNRESET' },
    });
  });

  it('is given back at once when the worker is told to stop, and the next one goes on', async () => {
    const task = await house.aTask();
    await house.ring(task);
    const started = Promise.withResolvers<void>();
    const first = house.aWorker(async (_, signal) => {
      started.resolve();
      return await untilStopped(signal);
    });
    const ended = first.work();
    await started.promise;
    first.drain();
    expect(await ended).toBe('given_back');
    expect(await house.depth()).toEqual({ waiting: 1, inFlight: 0 });
    expect(await house.aWorker(house.finishing).work()).toBe('done');
    expect((await house.tasks.get(task.id))?.attempt).toBe(1); // in order, so it did not count
  });

  it('is left to the other worker when the lease is lost', async () => {
    const task = await house.aTask();
    await house.ring(task);
    const every = { leaseMs: 5, visibilityMs: 1_000_000 };
    const { work, lines } = house.aWorker(
      async ({ fence }, signal) => {
        await house.tasks.release({ taskId: task.id, fence });
        await house.tasks.claim({ threadKey: task.threadKey, workerId: crypto.randomUUID() });
        return await untilStopped(signal);
      },
      { heartbeatEvery: every },
    );
    expect(await work()).toBe('given_back');
    expect(await house.depth()).toEqual({ waiting: 0, inFlight: 1 });
    expect(lines.find(({ message }) => message === 'job given back')?.fields).toMatchObject({
      reason: 'lease_lost',
    });
  });

  it('keeps its message and its lease while it runs', async () => {
    const task = await house.aTask();
    await house.ring(task);
    const extended = Promise.withResolvers<void>();
    const normal = house.queues.normal;
    const watched = {
      ...normal,
      extend: async (receipt: string, seconds: number) => {
        await normal.extend(receipt, seconds);
        if (seconds === visibilitySeconds) extended.resolve();
      },
    };
    const { work, workerId } = house.aWorker(
      async (job, signal) => {
        await extended.promise;
        return await house.finishing(job, signal);
      },
      {
        queues: { ...house.queues, normal: watched },
        heartbeatEvery: { leaseMs: 5, visibilityMs: 5 },
      },
    );
    expect(await work()).toBe('done');
    const { rows } = await database.db.execute(sql`select heartbeat_at from workers where id = ${workerId}`);
    expect(rows).toHaveLength(1);
  });
});

describe('what Postgres tells a worker in the middle of its job', () => {
  /** Beats too seldom to notice anything by themselves. */
  const heartbeatEvery = { leaseMs: 1_000_000, visibilityMs: 1_000_000 };
  const untilAborted = async (signal: AbortSignal): Promise<unknown> => {
    if (!signal.aborted) await once(signal, 'abort');
    return signal.reason;
  };

  it('is heard at once: somebody asks that it stop', async () => {
    const task = await house.aTask();
    await house.ring(task);
    const started = Promise.withResolvers<void>();
    const { work } = house.aWorker(
      async (job, signal) => {
        started.resolve();
        expect(await untilAborted(signal)).toMatchObject({ code: 'stop_asked', by: 'octo-dev' });
        return await house.finishing(job, signal);
      },
      { heartbeatEvery },
    );
    const ended = work();
    await started.promise;
    await house.stopThread();
    expect(await ended).toBe('done');
    expect(await house.depth()).toEqual(empty);
  });

  it('is heard at once: an operator froze the thread, and the job waits for the thaw', async () => {
    const task = await house.aTask();
    await house.ring(task);
    const started = Promise.withResolvers<void>();
    const { work } = house.aWorker(
      async (_, signal) => {
        started.resolve();
        return await untilStopped(signal);
      },
      { heartbeatEvery },
    );
    const ended = work();
    await started.promise;
    await database.query(
      "insert into freezes (scope, reason, frozen_by) values ('all', 'a test', 'octo-dev')",
    );
    await notify(database.db, freezeNotice);
    expect(await ended).toBe('given_back');
    await database.query('update freezes set thawed_at = now()');
    expect(await house.tasks.get(task.id)).toMatchObject({ waitingReason: 'frozen', attempt: 0 });
    expect(await house.depth()).toEqual(empty);
  });

  it('is nothing to a job of another thread', async () => {
    const task = await house.aTask();
    await house.ring(task);
    const { work } = house.aWorker(
      async (job, signal) => {
        await notify(database.db, crypto.randomUUID());
        await notify(database.db, task.id); // heard after the other: it asks, and goes on
        expect(signal.aborted).toBe(false);
        return await house.finishing(job, signal);
      },
      { heartbeatEvery },
    );
    expect(await work()).toBe('done');
  });
});

describe('a job that waits', () => {
  it('is acknowledged, and its thread is not rung', async () => {
    const task = await house.aTask();
    await house.aTask();
    await house.ring(task);
    const { work } = house.aWorker(async ({ fence }) => {
      await house.tasks.wait({ taskId: task.id, fence, reason: 'model_away', afterMs: 60_000 });
      return { kind: 'waiting', reason: 'model_away' };
    });
    expect(await work()).toBe('waiting');
    expect(await house.depth()).toEqual(empty);
  });

  it('acknowledges what rings for it, without doing what comes behind it', async () => {
    const task = await house.aTask();
    const other = await house.aTask();
    const claimed = await house.tasks.claim({ threadKey: task.threadKey, workerId: crypto.randomUUID() });
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    await house.tasks.wait({ taskId: task.id, fence: claimed.job.fence, reason: 'over_budget' });
    await house.ring(other);
    expect(await house.aWorker(notCalled).work()).toBe('idle');
    expect(await house.depth()).toEqual(empty);
  });
});
