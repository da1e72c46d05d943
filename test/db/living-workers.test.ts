import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTasks } from '#db/tasks.ts';
import type { Workers } from '#db/workers.ts';
import { createWorkers } from '#db/workers.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { aRecordInput } from '#test/support/record-input.ts';

describe('the workers that have not ended', () => {
  let database: TestDatabase;
  let workers: Workers;
  beforeAll(async () => {
    database = await migratedDatabase();
    workers = createWorkers(database.db);
  });
  afterAll(() => database.close());
  beforeEach(() => database.clear());

  it('tells of each worker that has not ended how long ago what was', async () => {
    const never = randomUUID();
    const beats = randomUUID();
    for (const id of [never, beats, randomUUID()]) await workers.beat(id);
    await database.query("update workers set ended_at = now(), end_reason = 'idle' where seq = 3");
    await database.query('update workers set heartbeat_at = null where id = $1', [never]);
    await workers.launched({ workerId: beats, taskArn: 'arn:1' });
    await workers.askStop({ workerId: beats });
    await database.query(
      "update workers set launched_at = launched_at - interval '10 minutes', heartbeat_at = heartbeat_at - interval '10 minutes', stop_asked_at = stop_asked_at - interval '10 minutes'",
    );
    await workers.askStop({ workerId: beats });

    const living = await workers.living();

    expect(living).toEqual([
      {
        workerId: never,
        taskArn: null,
        launchedMsAgo: expect.any(Number),
        beatMsAgo: null,
        stopAskedMsAgo: null,
      },
      {
        workerId: beats,
        taskArn: 'arn:1',
        launchedMsAgo: expect.any(Number),
        beatMsAgo: expect.any(Number),
        stopAskedMsAgo: expect.any(Number),
      },
    ]);
    const { launchedMsAgo, beatMsAgo, stopAskedMsAgo } = living[1]!;
    for (const ms of [launchedMsAgo, beatMsAgo, stopAskedMsAgo]) expect(Math.floor(ms! / 60_000)).toBe(10);
  });

  it('counts the launches in a row that never started', async () => {
    const launchOne = async () => {
      await createTasks(database.db).record(aRecordInput());
      await database.query("update workers set ended_at = now(), end_reason = 'x' where ended_at is null");
      return (await workers.plan({ cap: 1, warm: 0, capacity: 'on_demand' })).launches[0]!.workerId;
    };
    const neverStarted = async () => {
      const workerId = await launchOne();
      return (await workers.neverStarted({ workerId, reason: 'CannotPullContainerError' })).inARow;
    };
    expect([await neverStarted(), await neverStarted()]).toEqual([1, 2]);
    await workers.launchFailed({ workerId: await launchOne(), reason: 'no_capacity' });
    expect(await neverStarted()).toBe(3);

    await workers.beat(await launchOne());
    expect([await neverStarted(), await neverStarted()]).toEqual([1, 2]);
    expect(await database.query('select end_reason from workers where seq = 1')).toEqual([
      { end_reason: 'never started: CannotPullContainerError' },
    ]);
  });

  it('does not call a worker never started that was heard of in the same moment', async () => {
    const workerId = randomUUID();
    await workers.beat(workerId);

    expect(await workers.neverStarted({ workerId, reason: 'late' })).toEqual({ inARow: 0 });
    expect(await workers.living()).toMatchObject([{ workerId }]);
  });
});
