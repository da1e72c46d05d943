import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Capacity } from '#core/ports/launcher.ts';
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
  const planned = ({ cap = 10, warm = 0, capacity = 'on_demand' as Capacity } = {}) =>
    workers.plan({ cap, warm, capacity });
  const plan = async (pool?: Parameters<typeof planned>[0]) => {
    const { wanted, available, launches } = await planned(pool);
    return { wanted, available, launched: launches.length };
  };
  const answer = async () => {
    await database.query("update workers set task_arn = 'arn:' || id where task_arn is null");
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
    await answer();
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
    const { launches } = await planned();
    await workers.launchFailed({ workerId: launches[0]!.workerId, reason: 'no capacity' });
    await workers.beat(launches[1]!.workerId);
    await workers.ended({ workerId: launches[1]!.workerId, reason: 'idle' });

    expect(await plan()).toEqual({ wanted: 2, available: 0, launched: 2 });
  });

  it('counts a worker that beats although its launch was said to have failed', async () => {
    await record(1);
    const { launches } = await planned();
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

    const { launches } = await planned({ cap: 4 });

    expect(launches.map(({ laneOrder }) => laneOrder[0])).toEqual(['high', 'high', 'high', 'low']);
    await workers.ended({ workerId: launches[0]!.workerId, reason: 'done' });
    const next = await planned({ cap: 4 });
    expect(next.launches.map(({ laneOrder }) => laneOrder)).toEqual([['high', 'normal', 'low']]);
  });

  it('remembers the task of a launch and why a worker ended', async () => {
    await record(1);
    const { launches } = await planned({ cap: 1 });
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

  it('repeats a launch whose answer never came, as it was, and none that was answered', async () => {
    await record(1);
    const { launches } = await planned({ capacity: 'spot' });
    await age('launched_at', '59 seconds');
    expect(await plan()).toMatchObject({ available: 1, launched: 0 });

    await age('launched_at', '2 seconds');
    expect(await planned()).toEqual({ wanted: 1, available: 1, launches });
    await answer();
    expect(await plan()).toMatchObject({ available: 1, launched: 0 });
  });

  it('repeats no launch that was heard of, refused or is too old', async () => {
    for (const number of [1, 2, 3]) await record(number);
    const [heardOf, refused, old] = (await planned()).launches.map(({ workerId }) => workerId);
    await workers.beat(heardOf!);
    await workers.launchFailed({ workerId: refused!, reason: 'no' });
    await age('launched_at', '61 seconds');
    await database.query("update workers set launched_at = now() - interval '3 minutes' where id = $1", [
      old,
    ]);

    const { launches } = await planned();

    const ids = launches.map(({ workerId }) => workerId);
    expect(ids).toHaveLength(2);
    expect([heardOf, refused, old].filter((id) => ids.includes(id!))).toEqual([]);
  });

  it('takes the capacity that it is told, until a task has to be done for a second time', async () => {
    const { threadKey } = await record(1);
    await record(2);
    expect((await planned({ capacity: 'spot' })).launches).toMatchObject([
      { capacity: 'spot' },
      { capacity: 'spot' },
    ]);

    await database.query("update workers set ended_at = now(), end_reason = 'gone'");
    await tasks.release(await claim(threadKey, randomUUID()));
    expect((await planned({ capacity: 'spot' })).launches).toMatchObject([
      { capacity: 'on_demand' },
      { capacity: 'on_demand' },
    ]);
    expect(await database.query('select capacity, count(*)::int from workers group by 1 order by 1')).toEqual(
      [
        { capacity: 'on_demand', count: 2 },
        { capacity: 'spot', count: 2 },
      ],
    );
  });

  it('counts a worker that is about to be stopped under the cap, and expects nothing of it', async () => {
    await record(1);
    const workerId = randomUUID();
    await workers.beat(workerId);
    await workers.askStop({ workerId });

    expect(await plan({ cap: 1 })).toEqual({ wanted: 1, available: 0, launched: 0 });
    expect(await plan({ cap: 2 })).toEqual({ wanted: 1, available: 0, launched: 1 });
    await workers.spare({ workerId });
    expect(await plan({ cap: 3 })).toMatchObject({ available: 2 });
  });
});
