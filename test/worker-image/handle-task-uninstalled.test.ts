// GitHub shuts us out in the middle of a job: the App was uninstalled or suspended.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Step } from '#core/task.ts';
import type { WorkerHouse } from '#test/support/worker-house.ts';
import { startWorkerHouse } from '#test/support/worker-house.ts';
import { aChange, assertNothingLeft, lookAt } from '#test/support/worker-looks.ts';
import type { JobStore } from '#worker/handle-task.ts';

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
const after = (step: Step, act: () => void): { store: JobStore } => ({
  store: {
    ...house.tasks,
    advance: async (input) => {
      const isStored = await house.tasks.advance(input);
      if (input.step === step) act();
      return isStored;
    },
  },
});
/** As GitHub answers then: its tokens are unknown, and so is the installation. */
const uninstall = () => {
  const refuse = (call: RegExp, status: number) =>
    house.faults.inject({ call, times: 99, fault: { kind: 'answer', status, body: '{"message":"no"}' } });
  refuse(/access_tokens/, 404);
  refuse(/^[A-Z]+ /, 401);
};
const mints = () => house.journal.entries().filter(({ call }) => call.includes('access_tokens')).length;
const statusOf = async (id: string) => (await house.tasks.get(id))?.task.status;

describe('an App that is uninstalled', () => {
  it.each(['cloned', 'ran', 'pushed'] as const)(
    'after %s was stored ends the task so, and asks for no token again and again',
    async (step) => {
      const job = await house.aJob(aChange);
      const before = mints();
      expect(await house.handle(job, never, after(step, uninstall))).toEqual({
        status: 'failed',
        reason: 'uninstalled',
        detail: 'not_installed',
      });
      expect(mints() - before).toBeLessThanOrEqual(3);
      expect(await statusOf(job.task.id)).toBe('failed');
      expect(look.pullsOf(job)).toEqual([]);
    },
  );

  it('after the pull request was opened takes nothing away from the end', async () => {
    const job = await house.aJob(aChange);
    const end = await house.handle(job, never, after('opened', uninstall));
    const [pull] = look.pullsOf(job);
    expect(end).toMatchObject({ status: 'succeeded', result: { number: pull?.number } });
    expect(await statusOf(job.task.id)).toBe('succeeded');
  });

  it('pays for no run once it is known', async () => {
    const before = await house.runCount();
    await house.handle(await house.aJob(aChange), never, after('cloned', uninstall));
    expect(await house.runCount()).toBe(before);
  });
});

describe('an App that is suspended', () => {
  const suspended = { installationId: 0, login: '' };
  const suspend = () => {
    Object.assign(suspended, { installationId: house.installationId, login: house.demo.writer });
    house.twin.suspend(suspended);
  };
  afterEach(() => void house.twin.unsuspend(suspended));

  it('before the push ends the task, without a branch', async () => {
    const job = await house.aJob(aChange);
    expect(await house.handle(job, never, after('ran', suspend))).toMatchObject({
      reason: 'uninstalled',
      detail: 'suspended',
    });
    expect(await look.branchOf(job)).toBeUndefined();
  });

  it('before the clone ends the task with the next attempt', async () => {
    const first = await house.aJob(aChange);
    const renew: JobStore['renew'] = (held) => {
      suspend();
      return house.tasks.renew(held);
    };
    const handled = house.handle(first, never, { store: { ...house.tasks, renew } });
    await expect(handled).rejects.toThrow('suspended');
    await house.expire(first);
    const second = await house.claim(first.task.threadKey);
    expect(await house.handle(second)).toMatchObject({ reason: 'uninstalled', detail: 'suspended' });
    expect(await statusOf(first.task.id)).toBe('failed');
  });
});
