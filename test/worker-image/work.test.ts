import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import type { HandleTask } from '#worker/handle-task.ts';
import type { WorkerQueues } from '#test/support/worker-queues.ts';
import { empty, notCalled, startWorkerQueues } from '#test/support/worker-queues.ts';

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

describe('a worker', () => {
  it('does one job, acknowledges its message after the end is stored, and ends', async () => {
    const [first, other] = [await house.aTask(), await house.aTask()];
    await house.ring(first);
    const seen: unknown[] = [];
    const { work } = house.aWorker(async (job, signal) => {
      seen.push(job.task.id, await house.depth());
      return await house.finishing(job, signal);
    });
    expect(await work()).toBe('done');
    expect(seen).toEqual([first.id, { waiting: 0, inFlight: 1 }]);
    expect((await house.tasks.get(other.id))?.task.status).toBe('queued');
    // the thread was rung again for its next task
    expect(await house.depth()).toEqual({ waiting: 1, inFlight: 0 });
    expect(await house.aWorker(house.finishing).work()).toBe('done');
    expect(await house.depth()).toEqual(empty);
  });

  it('does the oldest task, whichever message rang', async () => {
    const [first, second] = [await house.aTask(), await house.aTask()];
    await house.ring(second);
    const done: string[] = [];
    const noting: HandleTask = (job, signal) => {
      done.push(job.task.id);
      return house.finishing(job, signal);
    };
    await house.aWorker(noting).work();
    await house.aWorker(noting).work();
    expect(done).toEqual([first.id, second.id]);
  });

  it('ends idle when no message comes', async () => {
    expect(await house.aWorker(notCalled).work()).toBe('idle');
  });

  it('acknowledges a ring for a thread in which nothing is open', async () => {
    const task = await house.aTask();
    await house.ring(task);
    await house.aWorker(house.finishing).work();
    await house.ring(task);
    expect(await house.aWorker(notCalled).work()).toBe('idle');
    expect(await house.depth()).toEqual(empty);
  });

  it('acknowledges a ring for a thread that another worker holds', async () => {
    const task = await house.aTask();
    await house.tasks.claim({ threadKey: task.threadKey, workerId: crypto.randomUUID() });
    await house.ring(task);
    expect(await house.aWorker(notCalled).work()).toBe('idle');
    expect(await house.depth()).toEqual(empty);
  });

  it('puts a message aside that it does not understand, and goes on', async () => {
    await house.send('low', 'not JSON', 'broken');
    await house.send('low', '{"version":2}', 'newer');
    const task = await house.aTask();
    await house.ring(task, 'low');
    const { work, lines } = house.aWorker(house.finishing, { laneOrder: ['low'], idleMs: 3_000 });
    expect(await work()).toBe('done');
    expect(lines.filter(({ message }) => message === 'message not understood')).toHaveLength(2);
    expect(await house.depth('low')).toEqual(empty);
    expect(await house.putAside()).toEqual({ waiting: 2, inFlight: 0 });
  });

  it('keeps a message that it could not put aside', async () => {
    await house.send('low', 'not JSON', 'broken');
    const { work } = house.aWorker(notCalled, {
      laneOrder: ['low'],
      putAside: () => Promise.reject(new Error('away')),
    });
    expect(await work()).toBe('unreachable');
    expect(await house.depth('low')).toEqual({ waiting: 0, inFlight: 1 });
  });

  it('takes no message when it cannot reach Postgres', async () => {
    const task = await house.aTask();
    await house.ring(task);
    const { work } = house.aWorker(notCalled, {
      workers: { beat: () => Promise.reject(new Error('no database')) },
    });
    expect(await work()).toBe('unreachable');
    expect(await house.depth()).toEqual({ waiting: 1, inFlight: 0 });
    await house.aWorker(house.finishing).work();
  });
});

describe('a worker that was told to stop before it had a job', () => {
  it('ends when its poll ends, and takes nothing', async () => {
    const { work, drain } = house.aWorker(notCalled);
    drain();
    expect(await work()).toBe('drained');
  });

  it('gives back a message that came with the last poll', async () => {
    const task = await house.aTask();
    const normal = house.queues.normal;
    const first = house.aWorker(notCalled, {
      queues: {
        ...house.queues,
        normal: {
          ...normal,
          receive: async (options) => {
            await house.ring(task);
            const message = await normal.receive(options);
            first.drain();
            return message;
          },
        },
      },
    });
    expect(await first.work()).toBe('given_back');
    expect(await house.depth()).toEqual({ waiting: 1, inFlight: 0 });
    await house.aWorker(house.finishing).work();
  });
});
