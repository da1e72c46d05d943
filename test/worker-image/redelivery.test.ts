// Messages that come again, as SQS brings them: after a worker that stood still, a lost acknowledgement, too many tries.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { visibilitySeconds } from '#core/job.ts';
import { startStrictQueues } from '#local/aws/strict-queues.ts';
import type { Fault } from '#local/faults.ts';
import type { Clock } from '#local/clock.ts';
import { createClock } from '#local/clock.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import type { WorkerQueues } from '#test/support/worker-queues.ts';
import { empty, notCalled, outcome, startWorkerQueues, untilStopped } from '#test/support/worker-queues.ts';
import { StoppedError } from '#worker/lease/stopped.ts';

const maxReceiveCount = 3;
let database: TestDatabase;
let house: WorkerQueues;
let clock: Clock;
beforeAll(async () => {
  database = await migratedDatabase();
});
beforeEach(async () => {
  clock = createClock();
  house = await startWorkerQueues(database, {
    start: (options) => startStrictQueues({ ...options, clock }),
    maxReceiveCount,
  });
  return house.close;
});
afterAll(() => database.close());

/** So much time goes by for the queue; a lease that nobody renews is over long before. */
const pass = async (seconds: number) => {
  clock.advance(seconds * 1_000);
  await database.query("update tasks set lease_until = now() - interval '1 second' where status = 'running'");
};
const standsStill = { leaseMs: 1_000_000, visibilityMs: 1_000_000 };
const aRungTask = async () => {
  const task = await house.aTask();
  await house.ring(task);
  return task;
};

describe('a worker that stood still for three minutes', () => {
  it('finds its job in other hands, and changes nothing', async () => {
    const { id } = await aRungTask();
    const begun = Promise.withResolvers<void>();
    const wakes = Promise.withResolvers<void>();
    const answers: unknown[] = [];
    const first = house.aWorker(
      async ({ task, fence }) => {
        begun.resolve();
        await wakes.promise;
        const held = { taskId: task.id, fence };
        answers.push(
          await house.tasks.renew(held),
          await house.tasks.advance({ ...held, step: 'ran', facts: { branch: 'of the first' } }),
          await house.tasks.finish({ ...held, outcome: { status: 'cancelled', by: 'the first' } }),
        );
        throw new StoppedError('lease_lost');
      },
      { heartbeatEvery: standsStill },
    );
    const firstEnded = first.work();
    await begun.promise;
    await pass(180);
    expect(await house.aWorker(house.finishing).work()).toBe('done');
    const stored = await house.tasks.get(id);
    wakes.resolve();
    expect(await firstEnded).toBe('given_back');
    expect(answers).toEqual([{ kind: 'lost' }, false, false]);
    expect(await house.tasks.get(id)).toEqual(stored);
    expect(stored).toMatchObject({ outcome, fence: 2 });
    expect(await house.depth()).toEqual(empty);
  });

  it('and is then told to stop gives nothing back that is not its own', async () => {
    await aRungTask();
    const begun = Promise.withResolvers<void>();
    const first = house.aWorker(
      async (_, signal) => {
        begun.resolve();
        return await untilStopped(signal);
      },
      { heartbeatEvery: standsStill },
    );
    const firstEnded = first.work();
    await begun.promise;
    await pass(180);
    const second = house.aWorker(async (job, signal) => {
      first.drain();
      expect(await firstEnded).toBe('given_back');
      expect(await house.depth()).toEqual({ waiting: 0, inFlight: 1 });
      return await house.finishing(job, signal);
    });
    expect(await second.work()).toBe('done');
  });
});

describe('an acknowledgement', () => {
  it.each<[string, Fault]>([
    ['that is answered with 500', { kind: 'answer', status: 500 }],
    ['that breaks off', { kind: 'reset' }],
  ])('%s leaves a message that comes again and finds nothing to do', async (_, fault) => {
    const { id } = await aRungTask();
    house.faults.inject({ call: /DeleteMessage/, fault, times: 9 });
    expect(await house.aWorker(house.finishing).work()).toBe('failed');
    const stored = await house.tasks.get(id);
    house.faults.clear();
    await pass(visibilitySeconds);
    expect(await house.aWorker(notCalled).work()).toBe('idle');
    expect(await house.depth()).toEqual(empty);
    expect(await house.tasks.get(id)).toEqual(stored);
  });

  it('that was done but whose answer was lost is asked for again, and ends the job', async () => {
    await aRungTask();
    house.faults.inject({ call: /DeleteMessage/, fault: { kind: 'reset_after' } });
    expect(await house.aWorker(house.finishing).work()).toBe('done');
    expect(await house.depth()).toEqual(empty);
  });

  it('that comes too late ends the job, and its message finds nothing to do', async () => {
    const { id } = await aRungTask();
    const { work, lines } = house.aWorker(
      async (job, signal) => {
        const result = await house.finishing(job, signal);
        clock.advance(visibilitySeconds * 1_000);
        return result;
      },
      { heartbeatEvery: standsStill },
    );
    expect(await work()).toBe('done');
    expect(lines.at(-1)).toMatchObject({
      message: 'the message had gone back to the queue',
      fields: { taskId: id },
    });
    expect(await house.aWorker(notCalled).work()).toBe('idle');
    expect(await house.depth()).toEqual(empty);
  });
});

describe('a message whose job always fails', () => {
  it('is put aside after so many receives, and its thread goes on with the messages behind it', async () => {
    const [first, second] = [await aRungTask(), await aRungTask()];
    for (let tries = 0; tries < maxReceiveCount; tries += 1) {
      expect(await house.aWorker(() => Promise.reject(new Error('always'))).work()).toBe('failed');
      await pass(visibilitySeconds);
    }
    const began: string[] = [];
    for (const _ of [first, second]) {
      const { work } = house.aWorker((job, signal) => {
        began.push(job.task.id);
        return house.finishing(job, signal);
      });
      expect(await work()).toBe('done');
    }
    expect(began).toEqual([first.id, second.id]);
    expect(await house.putAside()).toEqual({ waiting: 1, inFlight: 0 });
  });
});

describe('a job that would go on for ever', () => {
  it('is stopped when SQS lets nobody hold the message any longer, and never runs twice', async () => {
    const { id } = await aRungTask();
    const normal = house.queues.normal;
    const aging = {
      ...normal,
      extend: async (receipt: string, seconds: number) => {
        clock.advance(115_000);
        await normal.extend(receipt, seconds);
      },
    };
    const startedAt = clock.now();
    let heldForMs = 0;
    const first = house.aWorker(
      async (_, signal) => {
        const stopped = await untilStopped(signal).catch(() => signal.reason as StoppedError); // doJob aborts with no other
        heldForMs = clock.now() - startedAt;
        throw stopped;
      },
      {
        queues: { ...house.queues, normal: aging },
        heartbeatEvery: { leaseMs: 1_000_000, visibilityMs: 1 },
      },
    );
    expect(await first.work()).toBe('given_back');
    expect(first.lines.at(-1)).toMatchObject({ fields: { taskId: id, reason: 'receipt_lost' } });
    expect(Math.round(heldForMs / 3_600_000)).toBe(12);
    await pass(visibilitySeconds);
    expect(await house.aWorker(house.finishing).work()).toBe('done');
    expect(await house.tasks.get(id)).toMatchObject({ fence: 2, attempt: 2, task: { status: 'succeeded' } });
  });
});
