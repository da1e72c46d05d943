// Many workers on strict SQS, some of which die: each thread in its order, each task ended once, threads beside each other.
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { visibilitySeconds } from '#core/job.ts';
import type { Lane, Thread } from '#core/task.ts';
import { lanes } from '#core/task.ts';
import { createWorkers } from '#db/workers.ts';
import { startStrictQueues } from '#local/aws/strict-queues.ts';
import type { Clock } from '#local/clock.ts';
import { createClock } from '#local/clock.ts';
import { aThread } from '#test/builders.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import type { WorkerQueues } from '#test/support/worker-queues.ts';
import { empty, startWorkerQueues } from '#test/support/worker-queues.ts';
import type { HandleTask } from '#worker/handle-task.ts';

let database: TestDatabase;
let house: WorkerQueues;
let clock: Clock;
beforeAll(async () => {
  database = await migratedDatabase();
});
beforeEach(async () => {
  await database.clear();
  clock = createClock();
  house = await startWorkerQueues(database, { start: (options) => startStrictQueues({ ...options, clock }) });
  return house.close;
});
afterAll(() => database.close());

/** As it is after the time of a lease and of a message: what a dead worker held is free. */
const pass = async () => {
  clock.advance(visibilitySeconds * 1_000);
  await database.query("update tasks set lease_until = now() - interval '1 second' where status = 'running'");
};
const quiet = { leaseMs: 1_000_000, visibilityMs: 1_000_000 };
const deaf = { heartbeatEvery: quiet, listen: async () => async () => {} };
const countOpen = async () =>
  (await database.query("select from tasks where status in ('queued', 'running', 'waiting')")).length;

type Recorded = Awaited<ReturnType<WorkerQueues['aTask']>>;

/** Jobs of a few milliseconds, of which `dies` says which end with their worker: no beat, no acknowledgement. */
const aLoad = (dies: (nth: number) => boolean) => {
  const begun: string[] = [];
  const ended: string[] = [];
  const running = new Set<string>();
  const together: number[] = [];
  const handleTask: HandleTask = async (job, signal) => {
    const { id, threadKey } = job.task;
    if (running.has(threadKey)) throw new Error('two in one thread');
    begun.push(id);
    if (dies(begun.length)) throw new Error('the worker died');
    running.add(threadKey);
    together.push(running.size);
    await sleep(randomInt(1, 40));
    running.delete(threadKey);
    ended.push(id);
    return await house.finishing(job, signal);
  };
  return { begun, ended, together, handleTask };
};

/** One worker after the other, until one finds nothing more. */
const startOneAfterTheOther = async (handleTask: HandleTask, laneOrder: Lane[]): Promise<void> => {
  while ((await house.aWorker(handleTask, { ...deaf, laneOrder }).work()) !== 'idle');
};

describe('three threads of eight requests and four workers at a time, some of which die', () => {
  it('are done once each, in the order of each thread, and beside each other', async () => {
    const threads = await Promise.all([101, 102, 103].map((number) => aRungThread(aThread({ number }), 8)));
    const load = aLoad((nth) => nth % 5 === 0);
    while ((await countOpen()) > 0) {
      await Promise.all(Array.from({ length: 4 }, () => startOneAfterTheOther(load.handleTask, ['normal'])));
      await pass();
    }
    await startOneAfterTheOther(load.handleTask, ['normal']);

    for (const ids of threads) {
      expect(load.ended.filter((id) => ids.includes(id))).toEqual(ids);
      // also with those that died: nobody began a request before all earlier ones of its thread had ended
      const begun = load.begun.filter((id) => ids.includes(id));
      expect(begun).toEqual(begun.toSorted((a, b) => ids.indexOf(a) - ids.indexOf(b)));
    }
    expect(load.begun.length).toBeGreaterThan(24);
    expect(Math.max(...load.together)).toBeGreaterThan(1);
    for (const lane of lanes) expect(await house.depth(lane)).toEqual(empty);
    expect(await house.putAside()).toEqual(empty);
  });
});

const aRungThread = async (thread: Thread, count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const task = await house.aTask({}, thread);
    await house.ring(task);
    ids.push(task.id);
  }
  return ids;
};

describe('a thread that rings on two lanes', () => {
  it('is worked on by one, in its order', async () => {
    const [first, second] = [await house.aTask(), await house.aTask()];
    await house.ring(second, 'high');
    await house.ring(first, 'normal');
    const load = aLoad(() => false);
    const orders: Lane[][] = [
      ['normal', 'high', 'low'],
      ['high', 'normal', 'low'],
    ];
    const start = (laneOrder: Lane[]) => house.aWorker(load.handleTask, { ...deaf, laneOrder }).work();
    await Promise.all(orders.map(start));
    await startOneAfterTheOther(load.handleTask, ['normal', 'high']);
    expect(load.begun).toEqual([first.id, second.id]);
    expect(Math.max(...load.together)).toBe(1);
  });
});

describe('a request that can wait', () => {
  it('is among the first four, however many come that cannot', async () => {
    const ring = async (task: Recorded) => {
      await house.ring(task, task.lane);
      return task;
    };
    for (let number = 200; number < 212; number += 1)
      await ring(await house.aTask({ command: 'why' }, aThread({ number })));
    const low = await ring(await house.aTask({ command: 'discover' }, aThread({ number: 300 })));
    expect(low.lane).toBe('low');

    const { launches } = await createWorkers(database.db).plan({
      cap: 4,
      warm: 0,
      capacity: 'on_demand',
    });
    const load = aLoad(() => false);
    expect(launches).toHaveLength(4);
    for (const { laneOrder } of launches)
      expect(await house.aWorker(load.handleTask, { ...deaf, laneOrder }).work()).toBe('done');
    expect(load.ended).toContain(low.id);
  });
});
