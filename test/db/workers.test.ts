import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Tasks } from '#db/tasks.ts';
import { createTasks } from '#db/tasks.ts';
import type { Workers } from '#db/workers.ts';
import { createWorkers } from '#db/workers.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { recordAndTell } from '#test/support/record-input.ts';

describe('the plan of workers', () => {
  let database: TestDatabase;
  let tasks: Tasks;
  let workers: Workers;
  beforeAll(async () => {
    database = await migratedDatabase();
    tasks = createTasks(database.db);
    workers = createWorkers(database.db);
  });
  afterAll(() => database.close());
  beforeEach(() => database.clear());

  const record = (number: number, command: 'fix' | 'status' | 'discover' = 'fix') =>
    recordAndTell(tasks, { thread: { number }, request: { command } });
  const claim = async (threadKey: string, workerId: string) => {
    const claimed = await tasks.claim({ threadKey, workerId });
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    return { taskId: claimed.job.task.id, fence: claimed.job.fence };
  };
  const plan = async ({ cap = 10, warm = 0 } = {}) => {
    const { wanted, available, launches } = await workers.plan({ cap, warm });
    return { wanted, available, launched: launches.length };
  };
  const age = (column: string, interval: string) =>
    database.query(`update workers set ${column} = ${column} - interval '${interval}'`);

  it('wants a worker for each thread in which something can go on', async () => {
    await record(1);
    await record(1);
    await record(2);

    expect(await plan()).toEqual({ wanted: 2, available: 0, launched: 2 });
  });

  it('does not launch again what it has just launched', async () => {
    await record(1);
    await plan();

    expect(await plan()).toEqual({ wanted: 1, available: 1, launched: 0 });
  });

  it('launches one worker for one thread, however many plan at once', async () => {
    await record(1);

    const plans = await database.atOnce(8, () => plan());

    expect(plans.reduce((sum, { launched }) => sum + launched, 0)).toBe(1);
  });

  it('does not want one for a thread that somebody works on, whatever is queued behind', async () => {
    const { threadKey } = await record(1);
    await record(1);
    const workerId = randomUUID();
    await workers.beat(workerId);
    await claim(threadKey, workerId);

    expect(await plan()).toEqual({ wanted: 0, available: 0, launched: 0 });
  });

  it('wants one for a thread whose worker was lost', async () => {
    const { threadKey } = await record(1);
    await claim(threadKey, randomUUID());
    await database.query("update tasks set lease_until = now() - interval '1 second'");

    expect(await plan()).toEqual({ wanted: 1, available: 0, launched: 1 });
  });

  it('does not want one for a task that waits, until it waits no more', async () => {
    const { threadKey, id } = await record(1);
    await tasks.wait({ ...(await claim(threadKey, randomUUID())), reason: 'approval' });
    expect((await plan()).wanted).toBe(0);

    await tasks.requeue(id);
    expect((await plan()).wanted).toBe(1);
  });

  it('keeps some warm beside those that are wanted', async () => {
    await record(1);

    expect(await plan({ warm: 2 })).toEqual({ wanted: 3, available: 0, launched: 3 });
  });

  it('never has more than the cap alive, with those that work counted', async () => {
    const { threadKey } = await record(1);
    const workerId = randomUUID();
    await workers.beat(workerId);
    await claim(threadKey, workerId);
    for (const number of [2, 3, 4, 5]) await record(number);

    expect(await plan({ cap: 3 })).toEqual({ wanted: 4, available: 0, launched: 2 });
    expect(await plan({ cap: 3 })).toEqual({ wanted: 4, available: 2, launched: 0 });
    expect(await plan({ cap: 1 })).toMatchObject({ launched: 0 });
  });

  it('forgets a launch of which nothing was heard for three minutes', async () => {
    await record(1);
    await plan();
    await age('launched_at', '179 seconds');
    expect(await plan()).toMatchObject({ available: 1, launched: 0 });

    await age('launched_at', '2 seconds');
    expect(await plan()).toMatchObject({ available: 0, launched: 1 });
  });

  it('forgets a worker whose heart did not beat for two minutes', async () => {
    await record(1);
    await workers.beat(randomUUID());
    await age('heartbeat_at', '119 seconds');
    expect(await plan()).toMatchObject({ available: 1, launched: 0 });

    await age('heartbeat_at', '2 seconds');
    expect(await plan()).toMatchObject({ available: 0, launched: 1 });
  });

  it('does not count a worker that ended or could not be launched', async () => {
    await record(1);
    await record(2);
    const { launches } = await workers.plan({ cap: 10, warm: 0 });
    await workers.launchFailed({ workerId: launches[0]!.workerId, reason: 'no capacity' });
    await workers.beat(launches[1]!.workerId);
    await workers.ended({ workerId: launches[1]!.workerId, reason: 'idle' });

    expect(await plan()).toEqual({ wanted: 2, available: 0, launched: 2 });
  });

  it('counts a worker that beats although its launch was said to have failed', async () => {
    await record(1);
    const { launches } = await workers.plan({ cap: 10, warm: 0 });
    const { workerId } = launches[0]!;
    await workers.beat(workerId);
    await workers.launchFailed({ workerId, reason: 'no answer' });
    expect(await plan()).toMatchObject({ available: 1 });

    await workers.ended({ workerId, reason: 'no answer' });
    await workers.beat(workerId);
    expect(await plan()).toMatchObject({ available: 1 });
  });

  it('sends workers first to the lanes in which threads wait, and every fourth to low', async () => {
    for (const number of [1, 2, 3]) await record(number);
    await record(4, 'status');
    await record(5, 'discover');

    const { launches } = await workers.plan({ cap: 4, warm: 0 });

    expect(launches.map(({ laneOrder }) => laneOrder[0])).toEqual(['high', 'high', 'high', 'low']);
    await workers.ended({ workerId: launches[0]!.workerId, reason: 'done' });
    const next = await workers.plan({ cap: 4, warm: 0 });
    expect(next.launches.map(({ laneOrder }) => laneOrder)).toEqual([['high', 'normal', 'low']]);
  });

  it('remembers the task of a launch and why a worker ended', async () => {
    await record(1);
    const { launches } = await workers.plan({ cap: 1, warm: 0 });
    const { workerId } = launches[0]!;
    await workers.launched({ workerId, taskArn: 'arn:aws:ecs:eu-west-1:000000000000:task/x/1' });
    await workers.beat(workerId);
    await workers.ended({ workerId, reason: 'one job done' });
    await workers.ended({ workerId, reason: 'something later' });

    expect(await database.query('select * from workers')).toMatchObject([
      {
        id: workerId,
        task_arn: 'arn:aws:ecs:eu-west-1:000000000000:task/x/1',
        ended_at: expect.any(Date),
        end_reason: 'one job done',
      },
    ]);
  });
});
