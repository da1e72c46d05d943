import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '#core/job.ts';
import type { File } from '#test/support/commit-files.ts';
import { commitFiles } from '#test/support/commit-files.ts';
import type { Asked, WorkerHouse } from '#test/support/worker-house.ts';
import { startWorkerHouse } from '#test/support/worker-house.ts';
import { assertNothingLeft, lookAt } from '#test/support/worker-looks.ts';
import type { JobStore } from '#worker/handle-task.ts';

let house: WorkerHouse;
let look: ReturnType<typeof lookAt>;
let count = 0;
beforeAll(async () => {
  house = await startWorkerHouse();
  look = lookAt(house);
});
afterEach(async () => {
  house.faults.clear();
  await assertNothingLeft(house);
});
afterAll(() => house.close());

const trusted: Record<string, File> = {
  'CLAUDE.md': 'the rules of the base\n',
  '.husky/pre-commit': 'true\n',
  'deep/AGENTS.md': 'deep rules of the base\n',
};
const hostile: Record<string, File> = {
  'CLAUDE.md': { link: '/proc/self/environ' },
  'claude.md': 'rules of the author\n',
  'lib/CLAUDE.md': 'rules of the author\n',
  '.claude/settings.json': '{"hooks":{}}',
  'lib/.Claude/settings.json': '{"hooks":{}}',
  '.mcp.json': '{"mcpServers":{}}',
  '.husky/pre-commit': null,
  '.husky': { link: 'lib' },
  'deep/AGENTS.md': null,
  'deep/AGENTS.md/evil.md': 'rules of the author\n',
  '.gitattributes': '* filter=evil\n',
  '.npmrc': 'registry=http://127.0.0.1:1\n',
  'feature.txt': 'the work of the author\n',
};

type Pull = { head?: Record<string, File>; base?: Record<string, File>; fork?: boolean; gone?: boolean };

/** A pull request of a person, whose base has rules of its own. */
const aPull = async ({ head = hostile, base = trusted, fork, gone }: Pull = {}) => {
  count += 1;
  const [baseBranch, headBranch] = [`base-${count}`, `feature-${count}`];
  const baseSha = await commitFiles(house, { files: base, branch: baseBranch });
  const headSha = await commitFiles(house, {
    parent: baseSha,
    files: head,
    ...(!fork && { branch: headBranch }),
  });
  const { number } = await house.twin.openPullRequest({
    repository: house.demo.repository,
    login: house.demo.writer,
    title: 'a feature',
    headBranch,
    baseBranch,
    ...(fork && { fork: { owner: house.demo.stranger, sha: headSha } }),
  });
  const issue = house.twin.repository(house.demo.repository).issues.get(number)!;
  if (gone) issue.pull!.fork = 'gone';
  return { number, baseBranch, baseSha, headBranch, headSha, issue };
};

const handle = async (number: number, asked: Asked) => {
  const job = await house.aThreadJob(number, { ...asked, isPullRequest: true });
  return { job, outcome: await house.handle(job) };
};
const show = (name: string) => look.git('show', name);

describe('a request on a pull request', () => {
  it('begins at its head, with what tools obey taken from the base branch', async () => {
    const { number } = await aPull();
    const { job, outcome } = await handle(number, {
      text: 'do: find . -path ./.git -prune -o ! -type d -print | sort > seen.txt; cat CLAUDE.md >> seen.txt\nsay: I looked.',
    });
    expect(outcome).toMatchObject({ status: 'succeeded', result: { kind: 'pull_request' } });
    const seen = await show(`agent/${job.task.id}:seen.txt`);
    expect(seen).toContain('./feature.txt');
    expect(seen).toContain('the rules of the base');
    expect(
      seen.split('\n').filter((line) => /claude|agents|mcp|husky|npmrc|gitattributes/i.test(line)),
    ).toEqual(['./.husky/pre-commit', './CLAUDE.md', './deep/AGENTS.md']);
  });

  it('ends as a pull request against its head, on top of it, without what was restored', async () => {
    const { number, headBranch, headSha } = await aPull();
    const { job } = await handle(number, { text: 'do: echo hello > note.txt\nsay: I wrote a note.' });
    expect(look.pullsOf(job)).toMatchObject([{ pull: { baseBranch: headBranch } }]);
    const commit = await house.twin.git.commit(house.demo.gitDir, (await look.branchOf(job)) ?? '');
    expect(commit?.parents).toEqual([headSha]);
    expect(await look.git('diff', '--name-status', headSha, `agent/${job.task.id}`)).toBe('A\tnote.txt\n');
    expect((await look.git('rev-parse', headBranch)).trim()).toBe(headSha);
  });

  it.each(['CLAUDE.md', '.mcp.json', '.husky/pre-commit', 'deep/AGENTS.md'])(
    'changes nothing of what was restored: %s',
    async (path) => {
      const { number } = await aPull();
      const { job, outcome } = await handle(number, {
        text: `do: echo mine >> ${path}\nsay: I changed the rules.`,
      });
      expect(outcome).toMatchObject({ status: 'failed', reason: 'patch_refused' });
      expect(outcome).toMatchObject({ detail: expect.stringContaining('as its base branch has them') });
      expect(await look.branchOf(job)).toBeUndefined();
    },
  );

  it('changes nothing of it either where the change would fit both versions', async () => {
    const rules = Array.from({ length: 20 }, (_, index) => `rule ${index}\n`).join('');
    const { number } = await aPull({
      base: { '.ripgreprc': rules },
      head: { '.ripgreprc': `${rules}and a rule of the author\n` },
    });
    const { job, outcome } = await handle(number, {
      text: 'do: sed -i "1s/.*/mine/" .ripgreprc\nsay: I changed the rules.',
    });
    expect(outcome).toMatchObject({
      reason: 'patch_refused',
      detail: expect.stringContaining('cannot change them'),
    });
    expect(await look.branchOf(job)).toBeUndefined();
  });

  it('begins at the branch that somebody names instead', async () => {
    const { number, baseBranch } = await aPull();
    const { job } = await handle(number, {
      text: 'do: ls > seen.txt\nsay: I looked.',
      options: { base: baseBranch },
    });
    expect(await show(`agent/${job.task.id}:seen.txt`)).not.toContain('feature.txt');
    expect(look.pullsOf(job)).toMatchObject([{ pull: { baseBranch } }]);
  });

  it('begins at the base branch when the pull request is closed', async () => {
    const { number, baseBranch, issue } = await aPull();
    issue.state = 'closed';
    const { job } = await handle(number, { text: 'do: ls > seen.txt\nsay: I looked.' });
    expect(look.pullsOf(job)).toMatchObject([{ pull: { baseBranch } }]);
  });

  it('is told when the pull request is gone', async () => {
    const { number, issue } = await aPull();
    delete issue.pull;
    const { outcome } = await handle(number, { text: 'say: nothing' });
    expect(outcome).toMatchObject({ reason: 'bad_base', detail: 'There is no such pull request any more.' });
  });

  it('is tried again when GitHub does not answer', async () => {
    const { number } = await aPull();
    house.faults.inject({ call: /^GET .*\/pulls\/\d+$/, fault: { kind: 'answer', status: 500 } });
    await expect(handle(number, { text: 'say: nothing' })).rejects.toThrow('Server Error');
  });
});

describe('a pull request from a fork', () => {
  it.each([{ gone: false }, { gone: true }])(
    'is only analyzed (the fork is gone: $gone)',
    async ({ gone }) => {
      const { number } = await aPull({ fork: true, gone });
      const { job, outcome } = await handle(number, {
        text: 'do: cp feature.txt note.txt; cat feature.txt\nsay: The feature is fine.',
      });
      expect(outcome).toMatchObject({ status: 'succeeded', result: { kind: 'answer' } });
      expect(await look.branchOf(job)).toBeUndefined();
      expect(look.pullsOf(job)).toEqual([]);
      expect(look.commentsOf(job)[0]?.body).toMatch(
        /^The feature is fine\.\n\nThe agent also changed files\..* comes from a fork/,
      );
    },
  );

  it('is read as its author left it, with the base version of what tools obey', async () => {
    const { number } = await aPull({ fork: true });
    const { job, outcome } = await handle(number, {
      text: 'do: say="$(cat feature.txt CLAUDE.md | tr "\\n" " ")"',
    });
    expect(outcome).toMatchObject({ result: { kind: 'answer' } });
    expect(look.commentsOf(job)[0]?.body).toContain('the work of the author the rules of the base');
  });
});

/** The worker dies as soon as it is known what the work starts from. */
const diesAfterClone = (): JobStore => ({
  ...house.tasks,
  advance: async (input) => {
    const isKept = await house.tasks.advance(input);
    if (input.step === 'cloned') throw new Error('killed');
    return isKept;
  },
});
const secondWorker = async (number: number, between: () => Promise<unknown>) => {
  const first = await house.aThreadJob(number, {
    isPullRequest: true,
    text: 'do: echo hello > note.txt\nsay: I wrote a note.',
  });
  await expect(house.aHandleTask({ store: diesAfterClone() })(first, never)).rejects.toThrow('killed');
  await between();
  await house.expire(first);
  const job: Job = await house.claim(first.task.threadKey);
  return { job, outcome: await house.handle(job) };
};
const never = new AbortController().signal;

describe('a second worker on a pull request', () => {
  it('starts from the commits that the first one found, though both branches have moved on', async () => {
    const { number, baseBranch, baseSha, headBranch, headSha } = await aPull();
    const { job, outcome } = await secondWorker(number, async () => {
      await commitFiles(house, { parent: baseSha, files: { 'later.txt': 'x' }, branch: baseBranch });
      await commitFiles(house, { parent: headSha, files: { 'later.txt': 'x' }, branch: headBranch });
    });
    expect(outcome).toMatchObject({ status: 'succeeded' });
    const commit = await house.twin.git.commit(house.demo.gitDir, (await look.branchOf(job)) ?? '');
    expect(commit?.parents).toEqual([headSha]);
  });

  it.each(['deleted', 'rewritten'] as const)('ends when the base branch was %s', async (what) => {
    const { number, baseBranch } = await aPull();
    const before = await house.runCount();
    const { job, outcome } = await secondWorker(number, () =>
      what === 'deleted'
        ? look.git('update-ref', '-d', `refs/heads/${baseBranch}`)
        : commitFiles(house, { files: { 'CLAUDE.md': 'other rules\n' }, branch: baseBranch }),
    );
    expect(outcome).toMatchObject({ status: 'failed', reason: 'bad_base' });
    expect(outcome).toMatchObject({
      detail: expect.stringContaining(what === 'deleted' ? 'There is no branch' : 'was rewritten'),
    });
    expect(await house.runCount()).toBe(before);
    expect(await look.branchOf(job)).toBeUndefined();
  });

  it('ends when the head was rewritten', async () => {
    const { number, issue } = await aPull();
    const { outcome } = await secondWorker(number, async () => {
      const other = await commitFiles(house, { files: { 'other.txt': 'x' } });
      await look.git('update-ref', `refs/pull/${issue.number}/head`, other);
    });
    expect(outcome).toMatchObject({ reason: 'bad_base', detail: expect.stringContaining('rewritten') });
  });
});

it('offers nothing to a branch that was rewritten or deleted while the agent worked', async () => {
  const { number, headBranch } = await aPull();
  const job = await house.aThreadJob(number, {
    isPullRequest: true,
    text: 'do: echo hello > note.txt\nsay: I wrote a note.',
  });
  const store: JobStore = {
    ...house.tasks,
    advance: async (input) => {
      if (input.step === 'ran') await look.git('update-ref', '-d', `refs/heads/${headBranch}`);
      return await house.tasks.advance(input);
    },
  };
  const outcome = await house.handle(job, never, { store });
  expect(outcome).toMatchObject({
    reason: 'bad_base',
    detail: expect.stringContaining('is gone while I worked'),
  });
  expect(await look.branchOf(job)).toBeUndefined();
});
