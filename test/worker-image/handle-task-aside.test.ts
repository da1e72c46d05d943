// A job that does not go straight to its end: it waits, is stopped, is frozen, or finds Postgres away.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '#core/job.ts';
import { DatabaseAwayError } from '#db/named.ts';
import type { WorkerHouse } from '#test/support/worker-house.ts';
import { startWorkerHouse, wideCaps } from '#test/support/worker-house.ts';
import { aChange, assertNothingLeft, lookAt } from '#test/support/worker-looks.ts';
import { aLog } from '#test/support/fakes.ts';
import { patient } from '#worker/lease/patience.ts';
import { StoppedError } from '#worker/lease/stopped.ts';

let house: WorkerHouse;
let look: ReturnType<typeof lookAt>;
beforeAll(async () => {
  house = await startWorkerHouse();
  look = lookAt(house);
});
afterEach(async () => {
  await house.database.query('update freezes set thawed_at = now()');
  await assertNothingLeft(house);
});
afterAll(() => house.close());

const never = new AbortController().signal;
const wordsOn = (job: Job) => look.commentsOf(job).map(({ body }) => body);
/** As somebody on the thread asks for it. */
const askToStop = (job: Job) =>
  house.database.query("update tasks set stop_by = 'demo' where id = $1", [job.task.id]);

describe('a request for which no money is left', () => {
  it('waits until the day is over, says so, and pays for nothing', async () => {
    const before = await house.runCount();
    const job = await house.aJob(aChange);
    const caps = { ...wideCaps, thread_day: 0 };
    expect(await house.aHandleTask({ caps })(job, never)).toEqual({ kind: 'waiting', reason: 'over_budget' });
    expect(await house.runCount()).toBe(before);
    expect(wordsOn(job)).toEqual([expect.stringContaining('spent for today')]);
    const [row] = await house.database.query(
      "select wait_until = (date_trunc('day', now() at time zone 'utc') + interval '1 day') at time zone 'utc' as midnight, extract(epoch from wait_until - now()) as left from tasks where id = $1",
      [job.task.id],
    );
    expect(Number(row!['left'])).toBeGreaterThan(0);

    await house.tasks.requeue(job.task.id);
    expect(await house.handle(await house.claim(job.task.threadKey))).toMatchObject({ status: 'succeeded' });
    expect(wordsOn(job)).toEqual([expect.stringContaining('✅ Pull request')]);
  });

  it('ends when its own money is spent', async () => {
    const job = await house.aJob(aChange);
    expect(await house.handle(job, never, { caps: { ...wideCaps, task: 0 } })).toMatchObject({
      status: 'failed',
      reason: 'over_budget',
    });
    expect(wordsOn(job)).toEqual([expect.stringContaining('--budget')]);
  });
});

describe('a request that somebody stops', () => {
  it('ends while the agent works, and says by whom', async () => {
    const job = await house.aJob({ text: 'do: tail -f /dev/null\nsay: x' });
    const before = await house.runCount();
    const abort = new AbortController();
    const handled = house.handle(job, abort.signal);
    await expect.poll(() => house.runCount(), { timeout: 10_000 }).toBe(before + 1);
    await askToStop(job);
    abort.abort(new StoppedError('stop_asked', 'demo'));
    expect(await handled).toEqual({ status: 'cancelled', by: 'demo' });
    expect(wordsOn(job)).toEqual([expect.stringMatching(/^⏹️ Stopped by demo\./)]);
    expect((await house.tasks.get(job.task.id))?.task.status).toBe('cancelled');
  });

  it('ends before the next write when nobody heard the notice', async () => {
    const job = await house.aJob(aChange);
    const store = {
      ...house.tasks,
      advance: async (input: Parameters<typeof house.tasks.advance>[0]) => {
        if (input.step === 'ran') await askToStop(job);
        return await house.tasks.advance(input);
      },
    };
    expect(await house.handle(job, never, { store })).toEqual({ status: 'cancelled', by: 'demo' });
    expect(await look.branchOf(job)).toBeUndefined();
    expect(look.pullsOf(job)).toEqual([]);
  });

  it('is not begun when nobody had begun it', async () => {
    const before = await house.runCount();
    const { threadKey, id } = await house.aTask(aChange);
    await house.database.query("update tasks set stop_by = 'demo' where id = $1", [id]);
    const job = await house.claim(threadKey);
    expect(await house.handle(job)).toEqual({ status: 'cancelled', by: 'demo' });
    expect(wordsOn(job)).toHaveLength(1);
    expect(await house.runCount()).toBe(before);
  });

  it('is stopped once, also by a second worker that finds it half told', async () => {
    const job = await house.aJob(aChange);
    await askToStop(job);
    const store = {
      ...house.tasks,
      finish: () => Promise.reject(new Error('the worker died')),
    };
    await expect(house.handle(job, never, { store })).rejects.toThrow('the worker died');
    await house.expire(job);
    expect(await house.handle(await house.claim(job.task.threadKey))).toMatchObject({ status: 'cancelled' });
    expect(wordsOn(job)).toHaveLength(1);
  });
});

describe('a request in a repository that an operator freezes', () => {
  it('writes nothing more and revokes its token', async () => {
    const job = await house.aJob(aChange);
    let written = 0;
    const store = {
      ...house.tasks,
      advance: async (input: Parameters<typeof house.tasks.advance>[0]) => {
        const isStored = await house.tasks.advance(input);
        if (input.step !== 'ran') return isStored;
        await house.database.query(
          "insert into freezes (scope, reason, frozen_by) values ('all', 'a test', 'octo-dev')",
        );
        written = look.writes().length;
        return isStored;
      },
    };
    await expect(house.handle(job, never, { store })).rejects.toMatchObject({ code: 'frozen' });
    expect(look.writes().length).toBe(written);
  });
});

describe('Postgres that is away for a while', () => {
  it('holds the next write until it is back, and loses nothing', async () => {
    const job = await house.aJob(aChange);
    const { log, lines } = aLog();
    let failures = 0;
    const renew = patient(
      async (held: Parameters<typeof house.tasks.renew>[0]) => {
        failures += 1;
        if (failures % 3 !== 0) throw new DatabaseAwayError('refused');
        return await house.tasks.renew(held);
      },
      { forMs: 600_000, log, sleep: () => Promise.resolve() },
    );
    expect(await house.handle(job, never, { store: { ...house.tasks, renew } })).toMatchObject({
      status: 'succeeded',
    });
    expect(lines.length).toBeGreaterThan(3);
    expect(look.pullsOf(job)).toHaveLength(1);
  });

  it('is given up after ten minutes', async () => {
    let now = 0;
    const away = () => Promise.reject(new DatabaseAwayError('refused'));
    const sleep = (ms: number) => {
      now += ms;
      return Promise.resolve();
    };
    await expect(patient(away, { forMs: 600_000, log: aLog().log, now: () => now, sleep })()).rejects.toThrow(
      DatabaseAwayError,
    );
    expect(now).toBeGreaterThanOrEqual(600_000);
    expect(now).toBeLessThan(620_000);
  });

  it('is told from what will not be better in a second', async () => {
    const fails = () => Promise.reject(new Error('tasks.renew failed: 42P01'));
    const sleep = () => Promise.reject(new Error('it waited'));
    await expect(patient(fails, { forMs: 1_000, log: aLog().log, sleep })()).rejects.toThrow('42P01');
  });
});
