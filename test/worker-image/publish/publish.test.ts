import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Publishing } from '#test/support/publishing.ts';
import { aBase, aClone, newFile, startPublishing } from '#test/support/publishing.ts';
import type { GitHouse } from '#test/support/worker-git.ts';
import { startGitHouse } from '#test/support/worker-git.ts';
import type { Git } from '#worker/git/git.ts';
import { pushCommit } from '#worker/publish/publish.ts';

const megabyte = 1024 * 1024;

let git: GitHouse;
let bare: Git;
let commit: Publishing['commit'];
beforeAll(async () => {
  git = await startGitHouse();
  ({ bare, commit } = await startPublishing(git));
});
afterEach(() => git.house.faults.clear());
afterAll(() => git.close());

describe('a patch', () => {
  it('becomes one commit on the base, by the App, of the time of the task', async () => {
    const committed = await commit(newFile('note.txt'));
    if (committed.kind === 'refused') throw new Error(committed.detail);
    const format = '%P %an %ae %cn %ad %cd%n%B';
    const shown = (
      await bare.run(['show', '-s', '--date=iso-strict', `--format=${format}`, committed.sha])
    ).toString();
    expect(shown.trim()).toBe(
      `${git.house.demo.headSha} agent-bot[bot] agent-bot[bot]@users.noreply.github.com agent-bot[bot] ` +
        '2026-01-02T03:04:05+00:00 2026-01-02T03:04:05+00:00\nA change\n\nAgent-Task: 1',
    );
    expect((await bare.run(['show', `${committed.sha}:note.txt`])).toString()).toBe('text');
  });

  it('gives the same commit to whoever makes it', async () => {
    const other = await aBase(git);
    expect(await commit(newFile('note.txt'), { on: other })).toEqual(await commit(newFile('note.txt')));
  });

  it('carries a binary file, a deletion and a new mode', async () => {
    const work = await aClone(git);
    await writeFile(join(work.folder, 'picture.bin'), Buffer.from([0, 255, 0, 1, 2]));
    await work.git('rm', '--quiet', 'greeting.js');
    await work.git('update-index', '--chmod=+x', 'total.js');
    await work.git('add', 'picture.bin');
    const committed = await commit(await work.diff());
    if (committed.kind === 'refused') throw new Error(committed.detail);
    const changes = await bare.run(['diff-tree', '-r', git.house.demo.headSha, committed.sha]);
    expect(changes.toString()).toMatch(/:100644 000000 \w+ 0{40} D\tgreeting\.js/);
    expect(changes.toString()).toMatch(/:000000 100644 0{40} \w+ A\tpicture\.bin/);
    expect(changes.toString()).toMatch(/:100644 100755 \w+ \w+ M\ttotal\.js/);
  });

  it.each([
    ['that does not fit the base', newFile('total.js')],
    ['that is none', 'hello'],
    ['that touches .git', newFile('.git/config')],
    ['that touches .GIT in a folder', newFile('a/.GIT/hooks/x')],
    ['that touches git~1', newFile('git~1/config')],
    ['that touches .git with a joiner', newFile('.g\u200cit/config')],
    ['that leaves the tree', newFile('../outside')],
    ['that starts at the root', newFile('/etc/passwd')],
    ['that changes workflows', newFile('.github/workflows/ci.yml')],
    ['that changes workflows in other letters', newFile('.GITHUB/Workflows/ci.yml')],
    [
      'that adds a submodule',
      newFile('sub', { mode: '160000', text: `Subproject commit ${'a'.repeat(40)}` }),
    ],
    ['with an invisible character in a name', newFile('a\u202egpj.exe')],
    ['with a link out of the tree', newFile('a/link', { mode: '120000', text: '../../etc/passwd' })],
    ['with a link to the root', newFile('link', { mode: '120000', text: '/etc/passwd' })],
    ['with a link into .git', newFile('link', { mode: '120000', text: '.git/config' })],
  ])('%s is refused', async (_, patch) => {
    expect(await commit(patch)).toMatchObject({ kind: 'refused' });
  });

  it('may hold a link that stays in the tree', async () => {
    const work = await aClone(git);
    await mkdir(join(work.folder, 'a'));
    await symlink('../total.js', join(work.folder, 'a', 'link'));
    await work.git('add', 'a');
    expect(await commit(await work.diff())).toMatchObject({ kind: 'committed' });
  });

  it('is refused by the size that it declares, before git reserves it', async () => {
    const header = [
      'diff --git a/x b/x',
      'new file mode 100644',
      `index ${'0'.repeat(40)}..${'1'.repeat(40)}`,
    ];
    const patch = [...header, 'GIT binary patch', 'literal 2000000000', 'zcmV', '', ''].join('\n');
    expect(await commit(patch)).toEqual({ kind: 'refused', detail: 'its binary files are too large' });
  });

  it.runIf(process.platform === 'linux')('that unfolds in memory ends at the limit', async () => {
    const work = await aClone(git);
    await writeFile(join(work.folder, 'zeros.bin'), Buffer.alloc(60 * megabyte));
    await work.git('add', 'zeros.bin');
    const patch = await work.diff();
    expect(patch.length).toBeLessThan(megabyte);
    const apply = async (maxMemoryBytes: number) =>
      (await bare.attempt(['apply', '--check', '--cached', '-'], { input: patch, maxMemoryBytes })).code;
    expect(await apply(40 * megabyte)).toBe(128);
    expect(await apply(400 * megabyte)).toBe(0);
  });
});

describe('a push', () => {
  const aCommit = async (path: string) => {
    const committed = await commit(newFile(path));
    if (committed.kind === 'refused') throw new Error(committed.detail);
    return committed.sha;
  };
  const pushes = () =>
    git.house.journal
      .entries()
      .filter(({ call }) => call.startsWith('POST') && call.endsWith('git-receive-pack'));
  const headOf = (branch: string) => git.house.twin.git.branch(git.house.demo.gitDir, branch);

  it('makes the branch, once', async () => {
    const sha = await aCommit('one');
    expect(await pushCommit(bare, { sha, branch: 'agent/one' })).toEqual({ kind: 'pushed' });
    const before = pushes().length;
    expect(await pushCommit(bare, { sha, branch: 'agent/one' })).toEqual({ kind: 'pushed' });
    expect(pushes().length).toBe(before);
    expect(await headOf('agent/one')).toBe(sha);
  });

  it('that was answered with 502 is found done by the next try', async () => {
    const sha = await aCommit('two');
    git.house.faults.inject({
      call: /POST .*git-receive-pack/,
      fault: { kind: 'answer_after', status: 502 },
    });
    await expect(pushCommit(bare, { sha, branch: 'agent/two' })).rejects.toThrow('git push ended with');
    expect(await pushCommit(bare, { sha, branch: 'agent/two' })).toEqual({ kind: 'pushed' });
  });

  it('leaves alone what people put on top of it', async () => {
    const sha = await aCommit('three');
    await pushCommit(bare, { sha, branch: 'agent/three' });
    const theirs = await git.commitOnTwin('agent/three', sha);
    expect(await pushCommit(bare, { sha, branch: 'agent/three' })).toEqual({ kind: 'pushed' });
    expect(await headOf('agent/three')).toBe(theirs);
  });

  it('never overwrites a branch with other commits', async () => {
    const theirs = await git.commitOnTwin('agent/four');
    expect(await pushCommit(bare, { sha: await aCommit('four'), branch: 'agent/four' })).toMatchObject({
      kind: 'refused',
    });
    expect(await headOf('agent/four')).toBe(theirs);
  });

  it('that the remote forbids is a refusal', async () => {
    expect(await pushCommit(bare, { sha: await aCommit('five'), branch: 'agent/one/below' })).toMatchObject({
      kind: 'refused',
    });
  });
});
