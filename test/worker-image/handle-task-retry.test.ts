import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '#core/job.ts';
import { createOperations } from '#db/operations.ts';
import type { WorkerHouse } from '#test/support/worker-house.ts';
import { startWorkerHouse } from '#test/support/worker-house.ts';
import { assertNothingLeft, lookAt } from '#test/support/worker-looks.ts';

let house: WorkerHouse;
let look: ReturnType<typeof lookAt>;
beforeAll(async () => {
  house = await startWorkerHouse();
  look = lookAt(house);
});
afterEach(() => assertNothingLeft(house));
afterAll(() => house.close());

const handle = (job: Job) => house.aHandleTask()(job, new AbortController().signal);

/** Does the task, lets an operator ask for it once more, and does it again. */
const twice = async (text: string) => {
  const job = await house.aJob({ text });
  const counts = [await house.runCount()];
  const first = await handle(job);
  counts.push(await house.runCount());
  await createOperations(house.db).retry({ ref: job.task.id });
  const second = await handle(await house.claim(job.task.threadKey));
  counts.push(await house.runCount());
  const [before = 0, between = 0, after = 0] = counts;
  return { job, first, second, runs: [between - before, after - between] };
};

describe('a task that an operator asks for once more', () => {
  it('is run anew after a run that made nothing: what that one left in the bucket is not taken for the new one', async () => {
    const { job, first, second, runs } = await twice('do: exit 3');
    expect(first).toMatchObject({ outcome: { reason: 'agent_error' } });
    expect(second).toMatchObject({ outcome: { reason: 'agent_error' } });
    expect(runs[1]).toBeGreaterThan(0);
    expect(look.commentsOf(job)).toHaveLength(1);
  });

  it('is not paid again when only the publishing had failed', async () => {
    const { first, second, runs } = await twice(
      'do: mkdir -p .github/workflows; echo x > .github/workflows/x.yml\nsay: done',
    );
    expect(first).toMatchObject({ outcome: { reason: 'patch_refused' } });
    expect(second).toMatchObject({ outcome: { reason: 'patch_refused' } });
    expect(runs).toEqual([1, 0]);
  });
});
