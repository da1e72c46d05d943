import { createSpend } from '#db/spend.ts';
import type { Job } from '#core/job.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Asked, WorkerHouse } from '#test/support/worker-house.ts';
import { startWorkerHouse } from '#test/support/worker-house.ts';
import { commitFiles } from '#test/support/commit-files.ts';
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

describe('the caps of the policy', () => {
  const turns = 'for a; do case $a in --max-turns=*|--max-budget-usd=*) echo "$a" >> asked.txt;; esac; done';
  const askedOf = async ({ task }: Job) =>
    await house.twin.git.run(house.demo.gitDir, ['show', `agent/${task.id}:asked.txt`]);

  it('narrow turns and money', async () => {
    const job = await aJobUnder('caps: { maxTurns: 3, budgetUsd: 0.25 }', { text: `do: ${turns}\nsay: x` });
    await house.handle(job);
    expect((await askedOf(job)).split('\n').toSorted()).toEqual([
      '',
      '--max-budget-usd=0.25',
      '--max-turns=3',
    ]);
  });

  it('widen nothing', async () => {
    const job = await aJobUnder('caps: { maxTurns: 300, budgetUsd: 99 }', { text: `do: ${turns}\nsay: x` });
    await house.handle(job);
    expect((await askedOf(job)).split('\n').toSorted()).toEqual(['', '--max-budget-usd=1', '--max-turns=5']);
  });

  it('hold for a task in all its runs', async () => {
    const job = await aJobUnder('caps: { budgetUsd: 0.5 }');
    const { task, fence } = job;
    await createSpend(house.db).settle({ taskId: task.id, fence, usd: 0.5 });
    await house.expire(job);
    expect(await house.handle(await house.claim(task.threadKey))).toMatchObject({ reason: 'over_budget' });
  });

  it('refuse a change of too many files, and the thread says so', async () => {
    const job = await aJobUnder('caps: { maxFiles: 2 }', { text: 'do: touch a b c\nsay: x' });
    expect(await house.handle(job)).toMatchObject({ reason: 'patch_refused' });
    expect(look.commentsOf(job)[0]?.body).toContain('- it changes 3 files; 2 are the most');
  });
});

describe('a change of protected paths', () => {
  const text =
    'do: mkdir -p infra .github/workflows; touch infra/x .npmrc .github/workflows/x.yml note\nsay: x';

  it('is refused with each of them, why, and what people can do', async () => {
    const job = await aJobUnder('protected: [infra/]', { text });
    expect(await house.handle(job)).toMatchObject({ reason: 'patch_refused' });
    const body = look.commentsOf(job)[0]?.body ?? '';
    expect(body).toContain('- .github/workflows/x.yml: workflows run with the secrets');
    expect(body).toContain('- .npmrc: it says where packages come from');
    expect(body).toContain('- infra/x: the policy of this repository protects it');
    expect(body).toContain('allow: [package-registries]');
    expect(await look.branchOf(job)).toBeUndefined();
  });

  it('is published where the policy opens them', async () => {
    const job = await aJobUnder('allow: [agent-instructions]', { text: 'do: echo x > AGENTS.md\nsay: x' });
    expect(await house.handle(job)).toMatchObject({ status: 'succeeded' });
  });
});

describe('the commands of the policy', () => {
  const published = async ({ task }: Job) =>
    (await house.twin.git.run(house.demo.gitDir, ['ls-tree', '-r', '--name-only', `agent/${task.id}`])).split(
      '\n',
    );

  it('that pass are told in the pull request and the comment', async () => {
    const job = await aJobUnder('verify: [grep -q hello note.txt]');
    await house.handle(job);
    const [pull] = look.pullsOf(job);
    expect(pull?.body).toMatch(/^- ✓ `grep -q hello note\.txt` \(\d+s\)$/m);
    expect(pull?.pull?.draft).toBe(false);
    expect(look.commentsOf(job)[0]?.body).toMatch(/^- ✓ `grep -q hello note\.txt` \(\d+s\)$/m);
  });

  it('one of which fails make the pull request a draft, and their last lines stand in it', async () => {
    const job = await aJobUnder('verify: ["true", "echo it is broken; exit 1"]');
    expect(await house.handle(job)).toMatchObject({ status: 'succeeded' });
    const [pull] = look.pullsOf(job);
    expect(pull?.pull?.draft).toBe(true);
    expect(pull?.body).toContain('- ✗ `echo it is broken; exit 1` failed');
    expect(pull?.body).toContain('```text\nit is broken\n```');
  });

  it('change nothing of what is published', async () => {
    const job = await aJobUnder('verify: ["touch made-by-verify; rm note.txt; git add -A"]');
    await house.handle(job);
    expect(await published(job)).toContain('note.txt');
    expect(await published(job)).not.toContain('made-by-verify');
  });

  it('are not run for an answer', async () => {
    const job = await aJobUnder('verify: [exit 1]', { text: 'say: It is on line 3.' });
    await house.handle(job);
    expect(look.commentsOf(job)[0]?.body).not.toContain('exit 1');
  });

  it('are known to a worker that goes on', async () => {
    const job = await aJobUnder('verify: [exit 1]');
    const store: JobStore = {
      ...house.tasks,
      advance: (input) =>
        input.step === 'ran' ? Promise.reject(new Error('Postgres is away')) : house.tasks.advance(input),
    };
    const before = await house.runCount();
    await expect(house.aHandleTask({ store })(job, never)).rejects.toThrow('Postgres is away');
    await house.expire(job);
    await house.handle(await house.claim(job.task.threadKey));
    expect(look.pullsOf(job)[0]).toMatchObject({ pull: { draft: true } });
    expect(look.pullsOf(job)[0]?.body).toContain('- ✗ `exit 1` failed');
    expect(await house.runCount()).toBe(before + 1);
  });

  it('cost no second run when the worker is stopped while they run', async () => {
    const job = await aJobUnder('verify: ["touch verifying; tail -f /dev/null"]');
    const before = await house.runCount();
    const drain = new AbortController();
    const handled = house.handle(job, drain.signal);
    await expect.poll(() => house.isIn('verifying'), { timeout: 15_000 }).toBe(true);
    drain.abort(new StoppedError('draining'));
    await expect(handled).rejects.toMatchObject({ code: 'draining' });
    await house.tasks.release({ taskId: job.task.id, fence: job.fence });
    expect(await house.handle(await house.claim(job.task.threadKey))).toMatchObject({ status: 'succeeded' });
    expect(await house.runCount()).toBe(before + 1);
    expect(look.pullsOf(job)[0]?.body).toContain('was not run: the work was interrupted');
    expect(look.pullsOf(job)[0]?.pull?.draft).toBe(false);
  });
});
