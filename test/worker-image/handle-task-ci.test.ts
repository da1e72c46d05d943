import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { holdsCi } from '#core/ci-mark.ts';
import type { Job } from '#core/job.ts';
import { commitFiles } from '#test/support/twin-commit.ts';
import { mintToken } from '#test/local/github/start-twin.ts';
import type { WorkerHouse } from '#test/support/worker-house.ts';
import { startWorkerHouse } from '#test/support/worker-house.ts';
import { aChange, assertNothingLeft, lookAt } from '#test/support/worker-looks.ts';

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

const handle = (job: Job) => house.handle(job);
const headOf = async (branch: string) => {
  const commit = await house.twin.git.commit(house.demo.gitDir, branch);
  if (!commit) throw new Error(`no ${branch}`);
  return commit;
};
const branchOf = ({ task }: Job) => `agent/${task.id}`;
/** Of a minute ahead: GitHub cuts the time of a comment to its second. */
const later = () => new Date(Date.now() + 60_000).toISOString();

/** As a person opens one. */
const openPull = async (head: string): Promise<number> => {
  const token = await mintToken(house, { permissions: { pull_requests: 'write' } });
  const answer = await fetch(`${house.twin.apiUrl}/repos/${house.demo.repository}/pulls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'theirs', head, base: 'main' }),
  });
  return z.object({ number: z.number() }).parse(await answer.json()).number;
};

/** A pull request of ours on an issue of its own. */
const aPublished = async () => {
  const job = await house.aJob(aChange);
  await handle(job);
  return job;
};
/** The words of somebody who may write, on the same thread or on the pull request. */
const askOn = async (number: number, trigger = { createdAt: later() }, isPullRequest = false) => {
  const { threadKey } = await house.record({
    number,
    isPullRequest,
    trigger,
    request: { command: 'run-ci', text: '' },
  });
  return await house.claim(threadKey);
};

describe('a change under the default policy', () => {
  it('is pushed with the mark that holds the CI back, and says how it is started', async () => {
    const job = await aPublished();
    const { message } = await headOf(branchOf(job));
    expect(message).toMatch(/\n\n\[skip ci\]\n\nAgent-Task: /);
    expect(look.pullsOf(job)[0]?.body).toContain('mentions me with `run ci`');
    expect(look.commentsOf(job)[0]?.body).toContain('mentions me with `run ci`');
  });

  it('is pushed without it where the policy says so', async () => {
    await commitFiles(house, { branch: 'free', files: { '.agent-bot.yml': 'ci: run' } });
    const job = await house.aJob({ ...aChange, options: { base: 'free' } });
    await handle(job);
    expect(holdsCi((await headOf(branchOf(job))).message)).toBe(false);
    expect(look.pullsOf(job)[0]?.body).not.toContain('run ci');
    expect(look.commentsOf(job)[0]?.body).not.toContain('run ci');
  });
});

describe('run ci', () => {
  it('on the issue pushes an empty commit without the mark, for nothing', async () => {
    const published = await aPublished();
    const before = await headOf(branchOf(published));
    const runs = await house.runCount();
    const job = await askOn(published.task.thread.number);
    expect(await handle(job)).toMatchObject({ status: 'succeeded', result: { kind: 'answer' } });
    const after = await headOf(branchOf(published));
    expect(after).toMatchObject({
      tree: before.tree,
      parents: [before.sha],
      author: { name: 'agent-bot[bot]' },
    });
    expect(holdsCi(after.message)).toBe(false);
    expect(after.message).toMatch(new RegExp(`\\n\\nAgent-Task: ${job.task.id}$`));
    expect(await house.runCount()).toBe(runs);
    expect(look.commentsOf(job).at(-1)?.body).toContain(`▶️ The CI runs on \`${branchOf(published)}\``);
    expect(look.commentsOf(job).at(-1)?.body).not.toContain('💰');
    const spent = await house.database.query('select from spend where task_id = $1', [job.task.id]);
    expect(spent).toEqual([]);
  });

  it('on the pull request does the same', async () => {
    const published = await aPublished();
    const [pull] = look.pullsOf(published);
    const job = await askOn(pull?.number ?? 0, undefined, true);
    expect(await handle(job)).toMatchObject({ status: 'succeeded' });
    expect(holdsCi((await headOf(branchOf(published))).message)).toBe(false);
  });

  it('on a pull request of a person is none of its own: the thread says what there is', async () => {
    await commitFiles(house, { branch: 'agent/theirs', files: { x: 'x' }, message: 'mine [skip ci]' });
    const number = await openPull('agent/theirs');
    expect(await handle(await askOn(number, undefined, true))).toMatchObject({
      status: 'failed',
      reason: 'ci_not_released',
      detail: 'There is no pull request of mine on this thread.',
    });
  });

  it('is about what the person had seen, not about what came later', async () => {
    const first = await aPublished();
    const seen = { createdAt: later() };
    const { number } = first.task.thread;
    const second = await house.record({ number, request: { ...aChange, command: 'fix' } });
    await house.database.query(
      "update tasks set finished_at = finished_at - interval '1 hour' where id = $1",
      [first.task.id],
    );
    const secondJob = await house.claim(second.threadKey);
    await handle(secondJob);
    await house.database.query("update tasks set finished_at = now() + interval '1 hour' where id = $1", [
      second.id,
    ]);
    expect(await handle(await askOn(number, seen))).toMatchObject({ status: 'succeeded' });
    expect(holdsCi((await headOf(branchOf(first))).message)).toBe(false);
    expect(holdsCi((await headOf(branchOf(secondJob))).message)).toBe(true);
  });

  it('is one commit, whatever dies in between', async () => {
    const published = await aPublished();
    const job = await askOn(published.task.thread.number);
    house.faults.inject({
      call: /POST .*git-receive-pack/,
      fault: { kind: 'answer_after', status: 502 },
    });
    house.faults.inject({
      call: /PATCH|POST .*comments/,
      fault: { kind: 'answer', status: 500, body: '{}' },
    });
    await expect(handle(job)).rejects.toThrow('Unknown error');
    house.faults.clear();
    const pushed = await headOf(branchOf(published));
    await house.expire(job);
    expect(await handle(await house.claim(job.task.threadKey))).toMatchObject({ status: 'succeeded' });
    expect((await headOf(branchOf(published))).sha).toBe(pushed.sha);
  });

  it('a second time finds nothing that holds the CI back', async () => {
    const published = await aPublished();
    const { number } = published.task.thread;
    await handle(await askOn(number));
    const { sha } = await headOf(branchOf(published));
    expect(await handle(await askOn(number))).toMatchObject({ reason: 'ci_not_released' });
    expect((await headOf(branchOf(published))).sha).toBe(sha);
  });

  it('leaves a branch alone that has moved, and a person’s commit on top of it', async () => {
    const published = await aPublished();
    const branch = branchOf(published);
    const parent = (await headOf(branch)).sha;
    const byHand = { files: { 'by-hand.txt': 'x' }, message: 'by hand [skip ci]' };
    const onTop = await commitFiles(house, { parent, branch, ...byHand });
    const job = await askOn(published.task.thread.number);
    house.faults.inject({
      call: /POST .*git-receive-pack/,
      fault: { kind: 'answer', status: 500, body: '' },
    });
    house.faults.inject({
      call: /POST .*git-receive-pack/,
      fault: { kind: 'answer', status: 500, body: '' },
    });
    await expect(handle(job)).rejects.toThrow('git push ended with');
    const theirs = await commitFiles(house, { parent: onTop, branch, ...byHand });
    await house.expire(job);
    expect(await handle(await house.claim(job.task.threadKey))).toMatchObject({ reason: 'ci_not_released' });
    expect((await headOf(branch)).sha).toBe(theirs);
  });

  it('says so when there is no pull request, or its branch is gone', async () => {
    const silent = await house.aJob({ text: 'say: an answer' });
    await handle(silent);
    expect(await handle(await askOn(silent.task.thread.number))).toMatchObject({ reason: 'ci_not_released' });
    const published = await aPublished();
    await look.git('update-ref', '-d', `refs/heads/${branchOf(published)}`);
    const job = await askOn(published.task.thread.number);
    expect(await handle(job)).toMatchObject({
      reason: 'ci_not_released',
      detail: expect.stringContaining('gone'),
    });
    expect(look.commentsOf(job).at(-1)?.body).toContain('❌ I could not start the CI.');
  });
});
