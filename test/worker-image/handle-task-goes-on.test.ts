// What a run leaves for the next one: an interrupted task its files and session, a finished one its session.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '#core/job.ts';
import type { WorkerHouse } from '#test/support/worker-house.ts';
import { startWorkerHouse } from '#test/support/worker-house.ts';
import { assertNothingLeft, lookAt } from '#test/support/worker-looks.ts';
import { StoppedError } from '#worker/lease/stopped.ts';

let house: WorkerHouse;
let look: ReturnType<typeof lookAt>;
beforeAll(async () => {
  house = await startWorkerHouse();
  look = lookAt(house);
});
afterEach(() => assertNothingLeft(house));
afterAll(() => house.close());

const diffOf = ({ task }: Job) => house.twin.git.diff(house.demo.gitDir, 'main', `agent/${task.id}`);
const factsOf = async ({ task }: Job) => (await house.tasks.get(task.id))?.facts;
const transcriptOf = async (job: Job) => {
  const key = (await factsOf(job))?.transcriptKey;
  return String(key && Buffer.from(house.blobs.get(key) ?? []));
};

describe('a task whose worker was told to stop', () => {
  it('is gone on with by the next one, from its files and in its session', async () => {
    const job = await house.aJob({
      text: 'do: echo one > note.txt; touch "$HOME/ready"; tail -f /dev/null\nthen: echo two >> note.txt\nsay: done',
    });
    const drain = new AbortController();
    const before = await house.runCount();
    const handled = house.handle(job, drain.signal);
    await expect.poll(() => house.runCount(), { timeout: 10_000 }).toBe(before + 1);
    await expect.poll(() => house.isIn('ready'), { timeout: 10_000 }).toBe(true);
    drain.abort(new StoppedError('draining'));
    await expect(handled).rejects.toMatchObject({ code: 'draining' });
    const checkpoint = (await factsOf(job))?.checkpoint;
    expect(checkpoint).toEqual({
      sessionId: expect.any(String),
      transcriptKey: expect.any(String),
      patchKey: expect.any(String),
    });
    await house.tasks.release({ taskId: job.task.id, fence: job.fence });

    const next = await house.claim(job.task.threadKey);
    expect(await house.handle(next)).toMatchObject({ status: 'succeeded' });
    expect(await diffOf(next)).toContain('+one\n+two');
    expect((await factsOf(next))?.sessionId).toBe(checkpoint?.sessionId);
    expect(await transcriptOf(next)).toContain('goes on now');
  });
});

describe('a task during which the model went away', () => {
  it('waits, and goes on from what it had done', async () => {
    const error = JSON.stringify({ type: 'assistant', error: 'server_error', api_error_status: 529 });
    const result = JSON.stringify({
      type: 'result',
      subtype: 'success',
      is_error: true,
      terminal_reason: 'api_error',
      api_error_status: 529,
      num_turns: 1,
      result: 'Overloaded',
    });
    const job = await house.aJob({
      text: `do: echo one > note.txt; echo '${error}'; echo '${result}'; exit 1\nthen: echo two >> note.txt\nsay: done`,
    });
    const handleTask = house.aHandleTask();
    expect(await handleTask(job, new AbortController().signal)).toEqual({
      kind: 'waiting',
      reason: 'model_away',
    });
    await house.tasks.requeue(job.task.id);

    const next = await house.claim(job.task.threadKey);
    expect(await house.handle(next)).toMatchObject({ status: 'succeeded' });
    expect(await diffOf(next)).toContain('+one\n+two');
    expect(look.pullsOf(next)).toHaveLength(1);
  });
});
