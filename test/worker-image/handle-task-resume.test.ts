import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '#core/job.ts';
import type { Step } from '#core/task.ts';
import type { WorkerHouse } from '#test/support/worker-house.ts';
import { startWorkerHouse } from '#test/support/worker-house.ts';
import type { Fault } from '#local/faults.ts';
import { aChange, assertNothingLeft, lookAt } from '#test/support/worker-looks.ts';
import type { JobStore } from '#worker/handle-task.ts';
import { StoppedError } from '#worker/lease/stopped.ts';

let house: WorkerHouse;
let look: ReturnType<typeof lookAt>;
beforeAll(async () => {
  house = await startWorkerHouse();
  look = lookAt(house);
});
afterEach(async () => {
  house.faults.clear();
  await assertNothingLeft(house);
});
afterAll(() => house.close());

const never = new AbortController().signal;
const handle = (job: Job, signal = never) => house.handle(job, signal);

/** Postgres fails once, between the effect of a step and its record. */
const failingAt = (step: Step): JobStore => ({
  ...house.tasks,
  advance: (input) =>
    input.step === step ? Promise.reject(new Error('Postgres is away')) : house.tasks.advance(input),
});

describe('a second worker', () => {
  it.each(['cloned', 'ran', 'pushed', 'opened', 'reported'] as const)(
    'goes on when the first one died before it could record %s',
    async (step) => {
      const before = await house.runCount();
      const first = await house.aJob(aChange);
      await expect(house.aHandleTask({ store: failingAt(step) })(first, never)).rejects.toThrow(
        'Postgres is away',
      );
      await house.expire(first);

      const second = await house.claim(first.task.threadKey);
      expect(second).toMatchObject({ fence: first.fence + 1, attempt: 2 });
      expect(await handle(second)).toMatchObject({ status: 'succeeded' });
      expect(await house.runCount()).toBe(before + 1);
      expect(look.pullsOf(first)).toHaveLength(1);
      expect(look.commentsOf(first)).toHaveLength(1);
      expect(look.commentsOf(first)[0]?.body).toContain('✅ Pull request');
      const ahead = await look.git('rev-list', '--count', `main..agent/${first.task.id}`);
      expect(ahead.trim()).toBe('1');
    },
  );

  it.each([{ state: 'closed' as const }, { base: 'other' }])(
    'opens no second pull request when a person changed the first one to %j meanwhile',
    async (change) => {
      const first = await house.aJob(aChange);
      await expect(house.aHandleTask({ store: failingAt('opened') })(first, never)).rejects.toThrow(
        'Postgres is away',
      );
      await house.tasks.release({ taskId: first.task.id, fence: first.fence });
      const [pull] = look.pullsOf(first);
      if (change.state) pull!.state = change.state;
      else pull!.pull!.baseBranch = change.base;

      const end = await handle(await house.claim(first.task.threadKey));

      expect(end).toMatchObject({ status: 'succeeded', result: { number: pull!.number } });
      expect(look.pullsOf(first)).toHaveLength(1);
    },
  );

  it('repeats a failure instead of a run', async () => {
    const before = await house.runCount();
    const first = await house.aJob({ text: 'do: exit 3' });
    await expect(house.aHandleTask({ store: failingAt('reported') })(first, never)).rejects.toThrow(
      'Postgres is away',
    );
    await house.expire(first);
    expect(await handle(await house.claim(first.task.threadKey))).toMatchObject({ reason: 'agent_error' });
    expect(await house.runCount()).toBe(before + 1);
    expect(look.commentsOf(first)).toHaveLength(1);
  });

  it.each([
    ['POST .*/pulls$', 1],
    ['POST .*/comments$', 1],
  ])('finds what was done by a %s that was answered with 502', async (call) => {
    const first = await house.aJob(aChange);
    house.faults.inject({ call: new RegExp(call), fault: { kind: 'answer_after', status: 502 } });
    await expect(handle(first)).rejects.toThrow('Server Error');
    await house.expire(first);
    expect(await handle(await house.claim(first.task.threadKey))).toMatchObject({ status: 'succeeded' });
    expect(look.pullsOf(first)).toHaveLength(1);
    expect(look.commentsOf(first)).toHaveLength(1);
  });
});

describe('a push', () => {
  it.each<[string, Fault]>([
    ['was done but answered with 502', { kind: 'answer_after', status: 502 }],
    ['was refused with 401', { kind: 'answer', status: 401 }],
  ])('that %s is looked for, and tried once more with a new token', async (_, fault) => {
    const job = await house.aJob(aChange);
    house.faults.inject({ call: /POST .*git-receive-pack/, fault });
    expect(await handle(job)).toMatchObject({ status: 'succeeded' });
    const ahead = await look.git('rev-list', '--count', `main..agent/${job.task.id}`);
    expect(ahead.trim()).toBe('1');
    expect(look.pullsOf(job)).toHaveLength(1);
  });
});

describe('a token that GitHub took back', () => {
  it('is replaced once, and the comment and the pull request are written once', async () => {
    const job = await house.aJob(aChange);
    const refused: Fault = { kind: 'answer', status: 401, body: '{"message":"Bad credentials"}' };
    house.faults.inject({ call: /PATCH .*comments/, fault: refused });
    house.faults.inject({ call: /POST .*pulls$/, fault: refused });
    expect(await handle(job)).toMatchObject({ status: 'succeeded' });
    expect(look.pullsOf(job)).toHaveLength(1);
    expect(look.commentsOf(job)).toHaveLength(1);
  });
});

describe('a thread that takes no comment any more', () => {
  it('gets its pull request all the same', async () => {
    const job = await house.aJob(aChange);
    const locked: Fault = { kind: 'answer', status: 403, body: '{"message":"Unable to create comment"}' };
    house.faults.inject({ call: /(?:POST|PATCH) .*comments/, fault: locked, times: 9 });
    expect(await handle(job)).toMatchObject({ status: 'succeeded' });
    expect(look.pullsOf(job)).toHaveLength(1);
    expect(look.commentsOf(job)).toHaveLength(0);
  });
});

describe('a worker that lost its lease', () => {
  it.each(['received', 'cloned', 'ran', 'pushed', 'opened', 'reported'] as const)(
    'after %s was recorded writes nothing more',
    async (step) => {
      const job = await house.aJob(aChange);
      if (step === 'received') await steal(job);
      let written = look.writes().length;
      const advance: JobStore['advance'] = async (input) => {
        const isStored = await house.tasks.advance(input);
        if (input.step === step) {
          await steal(job);
          written = look.writes().length;
        }
        return isStored;
      };
      const handled = house.aHandleTask({ store: { ...house.tasks, advance } })(job, never);
      await expect(handled).rejects.toThrow('another worker holds the task');
      expect(look.writes().length).toBe(written);
      expect((await house.tasks.get(job.task.id))?.task.status).toBe('running');
    },
  );
});

const steal = async ({ task, fence }: Job) => {
  await house.tasks.release({ taskId: task.id, fence });
  return await house.claim(task.threadKey);
};

describe('a worker that stands still after it looked at the thread', () => {
  it.each([
    ['and then edits the comment', 'PATCH'],
    ['and then writes a comment of its own', 'POST'],
  ])('%s leaves the one comment, with the end that another told', async (_, write) => {
    const job = await house.aJob(aChange);
    let isStill = false;
    const beforeRequest = async (method: string) => {
      if (isStill || method !== write) return;
      isStill = true;
      expect(await handle(await steal(job))).toMatchObject({ status: 'succeeded' });
    };
    await expect(house.aHandleTask({ beforeRequest })(job, never)).rejects.toThrow(
      'another worker holds the task',
    );
    expect(isStill).toBe(true);
    expect(look.commentsOf(job).map(({ body }) => body)).toEqual([
      expect.stringContaining('✅ Pull request'),
    ]);
    expect(look.pullsOf(job)).toHaveLength(1);
  });

  it.each(['PATCH', 'POST'])('does so too when it hears of no effect of its %s', async (write) => {
    const job = await house.aJob(aChange);
    const ends: unknown[] = [];
    const beforeRequest = async (method: string) => {
      if (ends.length > 0 || method !== write) return;
      ends.push(await handle(await steal(job)));
      const fault: Fault = { kind: 'answer_after', status: 502 };
      house.faults.inject({ call: new RegExp(`^${write} .*/comments`), fault });
    };
    await expect(house.aHandleTask({ beforeRequest })(job, never)).rejects.toMatchObject({ status: 502 });
    expect(ends).toMatchObject([{ status: 'succeeded' }]);
    expect(look.commentsOf(job).map(({ body }) => body)).toEqual([
      expect.stringContaining('✅ Pull request'),
    ]);
  });

  it('leaves what the other is still going to say to the other', async () => {
    const job = await house.aJob(aChange);
    const others: Job[] = [];
    const beforeRequest = async (method: string) => {
      if (others.length === 0 && method === 'PATCH') others.push(await steal(job));
    };
    await expect(house.aHandleTask({ beforeRequest })(job, never)).rejects.toThrow(
      'another worker holds the task',
    );
    expect(look.commentsOf(job).map(({ body }) => body)).toEqual([expect.stringContaining('Working on it')]);
    expect(await handle(others[0]!)).toMatchObject({ status: 'succeeded' });
    expect(look.commentsOf(job).map(({ body }) => body)).toEqual([
      expect.stringContaining('✅ Pull request'),
    ]);
  });
});

describe('a worker that is told to stop', () => {
  it('stops the run, keeps its cost and leaves the rest to the next', async () => {
    const drain = new AbortController();
    const job = await house.aJob({
      text: `do: echo x > x.txt; touch ../tmp/started; tail -f /dev/null\nsay: x`,
    });
    const before = await house.runCount();
    const handled = handle(job, drain.signal);
    await expect.poll(() => house.runCount(), { timeout: 10_000 }).toBe(before + 1);
    drain.abort(new StoppedError('draining'));
    await expect(handled).rejects.toThrow(StoppedError);
    expect((await house.tasks.get(job.task.id))?.task.step).toBe('cloned');
    const { rows } = await house.db.execute(sql`select status from runs where task_id = ${job.task.id}`);
    expect(rows).toEqual([{ status: 'cancelled' }]);
  });
});
