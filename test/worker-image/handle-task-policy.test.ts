import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Asked, WorkerHouse } from '#test/support/worker-house.ts';
import { startWorkerHouse } from '#test/support/worker-house.ts';
import { commitFiles } from '#test/support/twin-commit.ts';
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

let branches = 0;
/** A job that starts from a branch with this policy. */
const aJobUnder = async (policy: string | { link: string }, asked: Asked = aChange) => {
  branches += 1;
  const branch = `base-${branches}`;
  await commitFiles(house, { branch, files: { '.agent-bot.yml': policy } });
  return await house.aJob({ ...asked, options: { ...asked.options, base: branch } });
};

describe('a policy that cannot be used', () => {
  it.each([
    ['of an unknown key', 'verfy: [npm test]', ['verfy: unknown key; allowed here: version, network']],
    [
      'of two faults',
      'ci: never\ncaps: { budgetUsd: free }',
      ['ci: must be ask or run', 'caps.budgetUsd: must be dollars above 0'],
    ],
    ['that is no YAML', 'ci: [', ['line 1: ']],
    ['that is too large', `# ${'x'.repeat(64 * 1024)}`, ['it is larger than 64 KiB']],
    ['that is a link', { link: 'package.json' }, ['it has to be a regular file']],
  ])('%s ends the task before the model is asked, and the thread says why', async (_, policy, errors) => {
    const before = await house.runCount();
    const job = await aJobUnder(policy);
    expect(await house.handle(job)).toMatchObject({ status: 'failed', reason: 'bad_policy' });
    const [comment, ...others] = look.commentsOf(job);
    expect(others).toEqual([]);
    expect(comment?.body).toContain('❌ I do not understand `.agent-bot.yml`');
    for (const error of errors) expect(comment?.body).toContain(`- ${error}`);
    expect(comment?.body).toContain('docs/policy.md');
    expect(await house.runCount()).toBe(before);
  });

  it('is also one that stands under the other name', async () => {
    await commitFiles(house, { branch: 'misspelt', files: { '.agent-bot.yaml': 'ci: run' } });
    const job = await house.aJob({ ...aChange, options: { base: 'misspelt' } });
    expect(await house.handle(job)).toMatchObject({
      reason: 'bad_policy',
      detail: '- it has to be called .agent-bot.yml',
    });
  });
});

describe('the policy in force', () => {
  it('is the one of the base commit, whatever the branch has become since', async () => {
    const job = await aJobUnder('ci: ask');
    const baseBranch = job.task.request.options.base ?? '';
    const baseSha = await house.twin.git.branch(house.demo.gitDir, baseBranch);
    if (!baseSha) throw new Error('no base');
    const { fence, task } = job;
    await house.tasks.advance({ taskId: task.id, fence, step: 'cloned', facts: { baseBranch, baseSha } });
    await commitFiles(house, {
      parent: baseSha,
      branch: baseBranch,
      files: { '.agent-bot.yml': 'ci: never' },
    });
    await house.expire(job);
    expect(await house.handle(await house.claim(job.task.threadKey))).toMatchObject({ status: 'succeeded' });
  });
});
