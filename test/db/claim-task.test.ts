import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '#core/job.ts';
import { leaseMs } from '#core/job.ts';
import type { Outcome } from '#core/task.ts';
import { createTasks } from '#db/tasks.ts';
import type { Tasks } from '#db/tasks.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { recordAndTell } from '#test/support/record-input.ts';

const outcome: Outcome = { status: 'succeeded', result: { kind: 'answer' }, summary: 'done' };
const aWorker = () => randomUUID();

describe('tasks.claim', () => {
  let database: TestDatabase;
  let tasks: Tasks;
  beforeAll(async () => {
    database = await migratedDatabase();
    tasks = createTasks(database.db);
  });
  afterAll(() => database.close());
  beforeEach(() => database.clear());

  const record = (number = 1) => recordAndTell(tasks, { thread: { number } });
  const claim = async (threadKey: string, workerId = aWorker()): Promise<Job> => {
    const claimed = await tasks.claim({ threadKey, workerId });
    if (claimed.kind !== 'claimed') throw new Error(`not claimed: ${claimed.kind}`);
    return claimed.job;
  };
  const expireLease = (taskId: string) =>
    database.query("update tasks set lease_until = now() - interval '1 second' where id = $1", [taskId]);
  const finish = ({ task, fence }: Job) => tasks.finish({ taskId: task.id, fence, outcome });

  it('gives the oldest open task, then the next once it is finished', async () => {
    const { threadKey, id: oldest } = await record();
    const { id: second } = await record();

    const job = await claim(threadKey);
    expect(job).toMatchObject({ task: { id: oldest, status: 'running' }, facts: {}, fence: 1, attempt: 1 });
    await finish(job);

    expect((await claim(threadKey)).task.id).toBe(second);
  });

  it('goes by the order of the thread, not by that of the clock', async () => {
    const { threadKey, id: oldest } = await record();
    await record();
    await database.query("update tasks set created_at = now() + interval '1 day' where id = $1", [oldest]);

    expect((await claim(threadKey)).task.id).toBe(oldest);
  });

  it('holds the lease for 90 seconds of database time', async () => {
    const { threadKey, id } = await record();
    await claim(threadKey);

    const [row] = await database.query(
      'select extract(epoch from lease_until - updated_at) * 1000 as ms from tasks where id = $1',
      [id],
    );
    expect(Number(row!['ms'])).toBe(leaseMs);
  });

  it('tells another worker until when the thread is taken, also for its next task', async () => {
    const { threadKey, id } = await record();
    await record();
    await claim(threadKey);

    const [row] = await database.query('select lease_until from tasks where id = $1', [id]);
    expect(await tasks.claim({ threadKey, workerId: aWorker() })).toEqual({
      kind: 'leased',
      until: row!['lease_until'],
    });
  });

  it('has nothing for a thread without an open task', async () => {
    const { threadKey } = await record();
    await finish(await claim(threadKey));

    expect(await tasks.claim({ threadKey, workerId: aWorker() })).toEqual({ kind: 'nothing_open' });
    expect(await tasks.claim({ threadKey: 'no such thread', workerId: aWorker() })).toEqual({
      kind: 'nothing_open',
    });
  });

  it('takes over an expired lease with what the first worker had learnt', async () => {
    const { threadKey, id } = await record();
    const first = await claim(threadKey);
    await tasks.advance({ taskId: id, fence: first.fence, step: 'cloned', facts: { baseBranch: 'main' } });
    await expireLease(id);

    expect(await claim(threadKey)).toMatchObject({
      task: { id, step: 'cloned' },
      facts: { baseBranch: 'main' },
      fence: 2,
      attempt: 2,
    });
  });

  it('gives the holder its task again, under a new fence, as the same attempt', async () => {
    const { threadKey, id } = await record();
    const workerId = aWorker();
    const first = await claim(threadKey, workerId);

    expect(await claim(threadKey, workerId)).toMatchObject({ task: { id }, fence: 2, attempt: 1 });
    expect(await finish(first)).toBe(false);
  });

  it('passes over a task that waits, and never lets two run in one thread', async () => {
    const { threadKey, id: waiting } = await record();
    const job = await claim(threadKey);
    await tasks.wait({ taskId: waiting, fence: job.fence, reason: 'approval' });
    const { id: approval } = await record();

    expect((await claim(threadKey)).task.id).toBe(approval);
    await tasks.requeue(waiting); // the older one can go on, but the thread is taken
    expect(await tasks.claim({ threadKey, workerId: aWorker() })).toMatchObject({ kind: 'leased' });
  });

  it('gives a thread to exactly one of ten workers that ask at once', async () => {
    const { threadKey } = await record();

    const claims = await database.atOnce(10, () => tasks.claim({ threadKey, workerId: aWorker() }));

    expect(claims.filter(({ kind }) => kind === 'claimed')).toHaveLength(1);
    expect(claims.filter(({ kind }) => kind === 'leased')).toHaveLength(9);
  });

  it('lets workers drain many threads, each in order and by one at a time', async () => {
    const threads = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(async (number) => {
        const recorded = [await record(number), await record(number), await record(number)];
        return { threadKey: recorded[0]!.threadKey, ids: recorded.map(({ id }) => id) };
      }),
    );
    const done = new Map<string, string[]>();
    const running = new Set<string>();
    const work = async () => {
      const workerId = aWorker();
      for (const { threadKey } of [...threads, ...threads, ...threads, ...threads]) {
        const claimed = await tasks.claim({ threadKey, workerId });
        if (claimed.kind !== 'claimed') continue;
        expect(running.has(threadKey)).toBe(false);
        running.add(threadKey);
        done.set(threadKey, [...(done.get(threadKey) ?? []), claimed.job.task.id]);
        running.delete(threadKey); // before the finish: from then on the next may begin
        expect(await finish(claimed.job)).toBe(true);
      }
    };
    await Promise.all([work(), work(), work()]);
    await work(); // what the three left to each other

    for (const { threadKey, ids } of threads) expect(done.get(threadKey)).toEqual(ids);
  });

  it('cannot bring back a task whose finish was under way', async () => {
    const { threadKey, id } = await record();
    const job = await claim(threadKey);
    // the finish has begun in time, and is not committed while the lease runs out
    const sql = "update tasks set lease_until = now() - interval '1 second' where id = $1";
    await database.query(sql, [id]);
    await database.query('begin');
    await database.query(
      `update tasks set status = 'expired', outcome = '{"status":"expired"}', finished_at = now(),
         lease_owner = null, lease_until = null where id = $1 and fence = $2`,
      [id, job.fence],
    );
    const claimed = tasks.claim({ threadKey, workerId: aWorker() });
    await database.waitUntilBlocked(1);
    await database.query('commit');

    expect(await claimed).toEqual({ kind: 'nothing_open' });
  });
});
