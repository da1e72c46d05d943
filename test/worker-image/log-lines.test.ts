// Whatever becomes of a job, each line that its worker logs about it names it.
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatabaseAwayError } from '#db/named.ts';
import type { Fault } from '#local/faults.ts';
import { aThread } from '#test/builders.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import type { WorkerQueues } from '#test/support/worker-queues.ts';
import { startWorkerQueues } from '#test/support/worker-queues.ts';
import type { HandleTask } from '#worker/handle-task.ts';
import { StoppedError } from '#worker/lease/stopped.ts';

let database: TestDatabase;
let house: WorkerQueues;
let threads = 0;
beforeAll(async () => {
  database = await migratedDatabase();
  house = await startWorkerQueues(database);
});
afterAll(async () => {
  await house.close();
  await database.close();
});

const fails =
  (error: unknown): HandleTask =>
  async () => {
    throw error;
  };
const fates: Record<string, () => HandleTask> = {
  'ends well': () => house.finishing,
  waits: () => async () => ({ kind: 'waiting', reason: 'over_budget' }),
  fails: () => fails(new Error('a surprise', { cause: new Error('of depth') })),
  'finds Postgres away': () => fails(new DatabaseAwayError('away')),
  'is told to stop': () => fails(new StoppedError('draining')),
  'is frozen': () => fails(new StoppedError('frozen')),
  'lost its lease': () => fails(new StoppedError('lease_lost')),
  'missed its beats': () => fails(new StoppedError('beats_missed')),
  'takes three beats': () => async (job, signal) => {
    for (let beat = 0; beat < 3; beat += 1) await house.tasks.nextOpen(job.task.threadKey);
    return await house.finishing(job, signal);
  },
};
const queueFault = fc.record({
  call: fc.constantFrom(/DeleteMessage/, /ChangeMessageVisibility/, /SendMessage/),
  fault: fc.constantFrom<Fault>({ kind: 'answer', status: 500 }, { kind: 'reset' }, { kind: 'reset_after' }),
  times: fc.constantFrom(1, 9),
});
const aRefusal = () => Promise.reject(new DatabaseAwayError('away'));

describe('the lines of a worker', () => {
  it('name the job from its beginning on, whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(fates)),
        fc.option(queueFault, { nil: undefined }),
        fc.constantFrom('none', 'renew', 'nextOpen', 'release'),
        async (fate, fault, missing) => {
          const task = await house.aTask({}, aThread({ number: 5_000 + (threads += 1) }));
          await house.ring(task);
          if (fault) house.faults.inject(fault);
          let began: string | undefined;
          const { work, lines } = house.aWorker(
            (job, signal) => {
              began = job.task.id;
              return fates[fate]!()(job, signal);
            },
            {
              tasks: { ...house.tasks, ...(missing !== 'none' && { [missing]: aRefusal }) },
              heartbeatEvery: { leaseMs: 3, visibilityMs: 3 },
            },
          );
          await work();
          house.faults.clear();
          const about = lines.slice(lines.findIndex(({ message }) => message === 'job begun'));
          expect(began).toBeDefined();
          expect(about.length).toBeGreaterThan(1);
          for (const { fields } of about) expect(fields).toMatchObject({ taskId: began, attempt: 1 });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('name the request that rang when there is nothing to do', async () => {
    const task = await house.aTask({}, aThread({ number: 4_999 }));
    await house.tasks.claim({ threadKey: task.threadKey, workerId: crypto.randomUUID() });
    await house.ring(task, 'high');
    const { work, lines } = house.aWorker(fails(new Error('the test expects no job')), {
      laneOrder: ['high'],
    });
    await work();
    expect(lines).toMatchObject([{ fields: { taskId: task.id, reason: 'leased' } }]);
  });
});
