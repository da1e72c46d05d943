// Workers whose Postgres is killed, refuses to write or comes late: no message is lost, and no job is done twice.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '#core/job.ts';
import { visibilitySeconds } from '#core/job.ts';
import type { OpenDatabase } from '#db/database.ts';
import { createWorkers } from '#db/workers.ts';
import { startStrictQueues } from '#local/aws/strict-queues.ts';
import { createClock } from '#local/clock.ts';
import { aLog } from '#test/support/fakes.ts';
import type { OwnPostgres } from '#test/support/own-postgres.ts';
import { startOwnPostgres } from '#test/support/own-postgres.ts';
import type { WorkerQueues } from '#test/support/worker-queues.ts';
import { empty, notCalled, outcome, startWorkerQueues } from '#test/support/worker-queues.ts';
import type { HandleTask } from '#worker/handle-task.ts';
import { patient } from '#worker/lease/patience.ts';

const clock = createClock();
let postgres: OwnPostgres;
let database: OpenDatabase;
let house: WorkerQueues;
beforeAll(async () => {
  postgres = await startOwnPostgres();
});
afterAll(() => postgres.close());
beforeEach(async () => {
  database = postgres.open();
  house = await startWorkerQueues(
    { db: database.db, config: postgres.config },
    { start: (options) => startStrictQueues({ ...options, clock }) },
  );
});
afterEach(async () => {
  await house.close();
  await database.close();
});

const aRungTask = async () => {
  const task = await house.aTask();
  await house.ring(task);
  return task;
};
/** Waits for Postgres as the worker in the image does, if not for as long. */
const aPatientWorker = (doJob: (job: Job) => Promise<void>, forMs = 60_000) => {
  const { log, lines } = aLog();
  const wait = <V extends (...args: never[]) => Promise<unknown>>(verb: V) => patient(verb, { forMs, log });
  const finish = wait(house.tasks.finish);
  const handleTask: HandleTask = async (job) => {
    await doJob(job);
    const isHeld = await finish({ taskId: job.task.id, fence: job.fence, outcome });
    if (!isHeld) throw new Error('it was not ours to end');
    return { kind: 'ended', outcome };
  };
  const worker = house.aWorker(handleTask, {
    workers: { beat: wait(createWorkers(database.db).beat) },
    tasks: { ...house.tasks, nextOpen: wait(house.tasks.nextOpen) },
    heartbeatEvery: { leaseMs: 100, visibilityMs: 100 },
  });
  return { ...worker, waits: lines };
};
/** As it is after the time of a lease and of a message. */
const pass = async () => {
  clock.advance(visibilitySeconds * 1_000);
  await postgres.query("update tasks set lease_until = now() - interval '1 second' where status = 'running'");
};
const endSessions = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'app'";
const nothing = () => Promise.resolve();

describe('Postgres that is killed', () => {
  it('before a worker has a message is waited for, and then the message is taken', async () => {
    const { id } = await aRungTask();
    await postgres.kill();
    const { work, waits } = aPatientWorker(nothing);
    const ended = work();
    await expect.poll(() => waits.length, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(await house.depth()).toEqual({ waiting: 1, inFlight: 0 });
    await postgres.start();
    expect(await ended).toBe('done');
    expect(await house.tasks.get(id)).toMatchObject({ task: { status: 'succeeded' }, attempt: 1 });
  });

  it('in the middle of a job costs beats, and not the job', async () => {
    const { id } = await aRungTask();
    const { work, lines } = aPatientWorker(async () => {
      await postgres.kill();
      await expect.poll(() => lines.map(({ message }) => message)).toContain('lease beat missed');
      await postgres.start();
    });
    expect(await work()).toBe('done');
    expect(await house.depth()).toEqual(empty);
    expect(await house.tasks.get(id)).toMatchObject({ task: { status: 'succeeded' }, attempt: 1 });
  });

  it('before the end of a job is stored leaves the message until it is', async () => {
    const { id } = await aRungTask();
    const { work, waits } = aPatientWorker(() => postgres.kill());
    const ended = work();
    await expect.poll(() => waits.length, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(await house.depth()).toEqual({ waiting: 0, inFlight: 1 });
    await postgres.start();
    expect(await ended).toBe('done');
    expect(await house.depth()).toEqual(empty);
    expect(await house.tasks.get(id)).toMatchObject({ task: { status: 'succeeded' }, attempt: 1 });
  });

  it('and stays away is given up: the message comes again, and the next worker does the job', async () => {
    const { id } = await aRungTask();
    const { work, lines } = aPatientWorker(() => postgres.kill(), 500);
    expect(await work()).toBe('given_back');
    expect(lines.find(({ message }) => message === 'job given back')?.fields).toMatchObject({
      taskId: id,
      reason: 'database_away',
    });
    expect(await house.depth()).toEqual({ waiting: 0, inFlight: 1 });
    await postgres.start();
    await pass();
    expect(await aPatientWorker(nothing).work()).toBe('done');
    expect(await house.depth()).toEqual(empty);
    expect(await house.tasks.get(id)).toMatchObject({ task: { status: 'succeeded' }, attempt: 2 });
  });
});

describe('Postgres that only lets read', () => {
  /** As a failover leaves the old primary, or RDS a full disk. */
  const setReadOnly = async (isReadOnly: boolean) => {
    await postgres.query(`alter role app set default_transaction_read_only = ${isReadOnly}`);
    await postgres.query(endSessions);
  };
  afterEach(() => setReadOnly(false));

  it('gets no worker to take a message', async () => {
    await aRungTask();
    await setReadOnly(true);
    expect(await aPatientWorker(nothing, 500).work()).toBe('unreachable');
    expect(await house.depth()).toEqual({ waiting: 1, inFlight: 0 });
    await setReadOnly(false);
    expect(await aPatientWorker(nothing).work()).toBe('done');
  });

  it('in the middle of a job gives the job to the next worker', async () => {
    const { id } = await aRungTask();
    const first = aPatientWorker(() => setReadOnly(true), 500);
    expect(await first.work()).toBe('given_back');
    expect(await house.depth()).toEqual({ waiting: 0, inFlight: 1 });
    await setReadOnly(false);
    await pass();
    expect(await aPatientWorker(nothing).work()).toBe('done');
    expect(await house.tasks.get(id)).toMatchObject({ task: { status: 'succeeded' }, attempt: 2 });
  });
});

describe('Postgres that has to wake up', () => {
  it('is waited for by the worker, connection after connection', async () => {
    await aRungTask();
    await postgres.query(endSessions);
    postgres.proxy.ignoreConnections(2);
    const { work, waits } = aPatientWorker(nothing);
    expect(await work()).toBe('done');
    expect(waits).toMatchObject([{ fields: { error: 'DatabaseAwayError' } }]);
    expect(await house.aWorker(notCalled).work()).toBe('idle');
  });
});
