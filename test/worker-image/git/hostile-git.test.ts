import { randomBytes } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  addManyBranches,
  commitGitFolder,
  hostileTrees,
  spellingsOfGit,
} from '#test/support/hostile-repository.ts';
import { commitFiles } from '#test/support/commit-files.ts';
import type { GitHouse } from '#test/support/worker-git.ts';
import { startGitHouse } from '#test/support/worker-git.ts';
import type { WorkerHouse } from '#test/support/worker-house.ts';
import { isRoot, startWorkerHouse } from '#test/support/worker-house.ts';
import { assertNothingLeft, lookAt } from '#test/support/worker-looks.ts';
import { fetchBranch } from '#worker/git/bare-repository.ts';

let house: WorkerHouse;
let look: ReturnType<typeof lookAt>;
let sentinel: string;
beforeAll(async () => {
  house = await startWorkerHouse();
  look = lookAt(house);
  // where the agent may not write, so what appears there is the supervisor's doing
  const folder = join(house.folder, 'supervisor-only');
  await mkdir(folder, { mode: 0o700 });
  sentinel = join(folder, 'sentinel');
});
afterEach(async () => {
  if (existsSync(sentinel)) throw new Error('something of the repository was run by the supervisor');
  await assertNothingLeft(house);
});
afterAll(() => house.close());

/** Of what a submodule would bring it lists everything. */
const change = {
  text: "do: echo hello > note.md; find . -path './.git/modules*' -o -path './sub*/*' > seen.md\nsay: I wrote a note.",
};
let count = 0;
const branchOf = async (name: string) => {
  count += 1;
  const branch = `hostile-${count}`;
  const files = hostileTrees({ sentinel })[name]!(house.demo.headSha);
  await commitFiles(house, { files, branch });
  return branch;
};

describe('a repository with', () => {
  const names = Object.keys(hostileTrees({ sentinel: '' }));
  /** The host checks what it is sent: its own refusal comes back. */
  const refusedByHost = ['a submodule that is an option', 'a submodule that is called like the hooks'];

  it.each(refusedByHost)('%s comes to no branch, and nothing of it is run', async (name) => {
    const base = await branchOf(name);
    const job = await house.aJob({ ...change, options: { base } });
    expect(await house.handle(job)).toMatchObject({ status: 'failed', reason: 'patch_refused' });
    expect(await look.branchOf(job)).toBeUndefined();
  });

  it.each(names.filter((name) => !refusedByHost.includes(name)))(
    '%s is worked on, and nothing of it is run',
    async (name) => {
      const base = await branchOf(name);
      const job = await house.aJob({ ...change, options: { base } });
      expect(await house.handle(job)).toMatchObject({ status: 'succeeded' });
      expect(await look.git('diff', '--name-only', base, `agent/${job.task.id}`)).toBe('note.md\nseen.md\n');
      expect(await look.git('show', `agent/${job.task.id}:seen.md`)).toBe('');
    },
  );

  it.each(spellingsOfGit)('a folder %j is refused, and says so', async (name) => {
    const before = await house.runCount();
    count += 1;
    const base = `hostile-${count}`;
    await commitGitFolder(house, { name, branch: base });
    expect(await house.handle(await house.aJob({ ...change, options: { base } }))).toMatchObject({
      status: 'failed',
      reason: 'bad_base',
      detail: expect.stringContaining('names that git refuses'),
    });
    expect(await house.runCount()).toBe(before);
  });

  it('a pull request of hostile names is worked on by their letters alone', async () => {
    const headBranch = `a;touch\${IFS}${sentinel.replaceAll('/', '%')}$(id)\`id\`'"|&é`;
    await commitFiles(house, { files: { 'x.txt': 'x' }, branch: headBranch });
    const { number } = await house.twin.openPullRequest({
      repository: house.demo.repository,
      login: house.demo.writer,
      title: 'x',
      headBranch,
      baseBranch: 'main',
    });
    const job = await house.aThreadJob(number, { ...change, isPullRequest: true });
    expect(await house.handle(job)).toMatchObject({ status: 'succeeded' });
    expect(look.pullsOf(job)).toMatchObject([{ pull: { baseBranch: headBranch } }]);
  });

  it('a pull request that unfolds to much is shown as far as there is room', async () => {
    const files = { 'bomb.txt': Buffer.alloc(40_000_000, 'a\n'), 'long.txt': 'a line\n'.repeat(50_000) };
    await commitFiles(house, { files, branch: 'bomb' });
    const { number } = await house.twin.openPullRequest({
      repository: house.demo.repository,
      login: house.demo.writer,
      title: 'x',
      headBranch: 'bomb',
      baseBranch: 'main',
    });
    const text = 'do: cat "$HOME"/.claude/projects/*/*.jsonl > seen.md\nsay: I read it.';
    const job = await house.aThreadJob(number, { text, isPullRequest: true });
    expect(await house.handle(job)).toMatchObject({ status: 'succeeded' });
    const seen = await look.git('show', `agent/${job.task.id}:seen.md`);
    expect(seen).toContain('The beginning of its diff');
    expect(seen).toContain('Binary files /dev/null and b/bomb.txt differ');
    expect(seen.length).toBeLessThan(200_000);
  });

  it.each(['--upload-pack=touch', '-x'])(
    'a branch that is an option is not asked for: %s',
    async (headBranch) => {
      await look.git('update-ref', `refs/heads/${headBranch}`, house.demo.headSha);
      const { number } = await house.twin.openPullRequest({
        repository: house.demo.repository,
        login: house.demo.writer,
        title: 'x',
        headBranch,
        baseBranch: 'main',
      });
      for (const asked of [{ isPullRequest: true }, { options: { base: headBranch } }])
        expect(await house.handle(await house.aThreadJob(number, { ...change, ...asked }))).toMatchObject({
          reason: 'bad_base',
        });
    },
  );
});

describe("the agent's own git settings", () => {
  it.runIf(isRoot)('start nothing as the supervisor, and lead its push nowhere else', async () => {
    const settings = [
      `core.fsmonitor "touch ${sentinel}"`,
      `core.hooksPath .evil`,
      `core.sshCommand "touch ${sentinel}"`,
      `core.gitProxy "touch ${sentinel}"`,
      `core.alternateRefsCommand "touch ${sentinel}"`,
      `diff.external "touch ${sentinel}"`,
      `filter.evil.clean "touch ${sentinel}"`,
      `gpg.program "touch ${sentinel}"`,
      `credential.helper "!touch ${sentinel}"`,
      `uploadpack.packObjectsHook "touch ${sentinel}"`,
      `url.http://127.0.0.1:1/.insteadOf http://`,
      `remote.origin.url "ext::touch ${sentinel}"`,
    ].map((setting) => `git config ${setting}`);
    const evil = [
      ...settings,
      'mkdir .evil',
      `printf '#!/bin/sh\\ntouch ${sentinel}\\n' > .evil/pre-push`,
      'chmod +x .evil/pre-push',
      "printf '* filter=evil\\n' > .git/info/attributes",
      'rm -rf .evil',
      'echo hello > note.md',
    ];
    const job = await house.aJob({ text: `do: ${evil.join('; ')}\nsay: I wrote a note.` });
    expect(await house.handle(job)).toMatchObject({ status: 'succeeded' });
    expect(await look.branchOf(job)).toBeDefined();
  });

  it.each([
    ['a folder of git in another spelling', 'mkdir .GIT; echo x > .GIT/config'],
    ['a link out of the repository', 'ln -s /proc/self/environ environment'],
    ['a link to above', 'ln -s ../../.. above'],
  ])('and files do not make it publish %s', async (_, command) => {
    const job = await house.aJob({ text: `do: ${command}\nsay: I did.` });
    expect(await house.handle(job)).toMatchObject({ status: 'failed' });
    expect(await look.branchOf(job)).toBeUndefined();
  });
});

describe('a repository that is too much', () => {
  let git: GitHouse;
  beforeAll(async () => {
    git = await startGitHouse();
  });
  afterAll(() => git.close());

  it('ends at its size, with a blob that does not compress', async () => {
    await commitFiles(git.house, { files: { 'big.bin': randomBytes(3_000_000) }, branch: 'big' });
    const maxBytes = 1_000_000;
    expect(await fetchBranch(await git.aGit(), { branch: 'big', maxBytes })).toEqual({ kind: 'too_large' });
  });

  it('is asked for one branch among a hundred thousand', async () => {
    await addManyBranches(git.house, 100_000);
    const bare = await git.aGit();
    expect(await fetchBranch(bare, { branch: 'main', maxBytes: 1_000_000 })).toMatchObject({
      kind: 'fetched',
    });
    expect((await bare.run(['for-each-ref'])).toString().trim().split('\n')).toHaveLength(1);
  });
});

it('no file of ours gives words to a shell', () => {
  const files = globSync('{core,functions,worker-image,db,operator}/**/*.ts').filter(
    (file) => !file.includes('/test-image'), // it plays the agent, who has a shell
  );
  expect(files.length).toBeGreaterThan(100);
  const found = files.filter((file) =>
    /\bshell:|\bexec(?:Sync)?\(\s*['"`]|import\s*\{[^}]*\bexec(?:Sync)?\b[^}]*\}\s*from 'node:child_process'/.test(
      readFileSync(file, 'utf8'),
    ),
  );
  expect(found).toEqual([]);
});
