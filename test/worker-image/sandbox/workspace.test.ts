import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GitHouse } from '#test/support/worker-git.ts';
import { startGitHouse } from '#test/support/worker-git.ts';
import { anAgentUser } from '#test/support/agent.ts';
import { fetchBranch } from '#worker/git/bare-repository.ts';
import type { Git } from '#worker/git/git.ts';
import type { AgentUser } from '#worker/sandbox/agent-user.ts';
import { runAsAgent } from '#worker/sandbox/agent-user.ts';
import { maxPatchBytes } from '#worker/sandbox/workspace-git.ts';
import type { Workspace } from '#worker/sandbox/workspace.ts';
import { createWorkspace } from '#worker/sandbox/workspace.ts';

const isRoot = process.getuid?.() === 0;
const user: AgentUser = anAgentUser();
const uid = user.kind === 'separate' ? user.uid : process.getuid?.();

let git: GitHouse;
let bare: Git;
let runsDir: string;
let sha: string;
beforeAll(async () => {
  git = await startGitHouse();
  bare = await git.aGit();
  await fetchBranch(bare, { branch: 'main', maxBytes: 500 * 1024 * 1024 });
  sha = git.house.demo.headSha;
  runsDir = await mkdtemp(join(tmpdir(), 'worker-runs-'));
  await chmod(runsDir, 0o711);
});
afterAll(async () => {
  await git.close();
  await rm(runsDir, { recursive: true, force: true });
});

let workspace: Workspace;
let count = 0;
beforeEach(async () => {
  workspace = await aWorkspace();
  const { stdout, ended } = bare.stream(['bundle', 'create', '--quiet', '-', 'refs/heads/main']);
  await Promise.all([workspace.fill(stdout, 'main'), ended]);
  return async () => {
    await workspace.remove();
    if ((await readdir(runsDir)).length > 0) throw new Error('something is left of the folder');
  };
});

const aWorkspace = (signal = new AbortController().signal) =>
  createWorkspace({ runsDir, name: `run-${(count += 1)}`, otherName: `other-${count}`, user, signal });

/** What the agent does in its folder. */
const sh = async (script: string) => {
  const { code, stdout, stderr } = await runAsAgent(user, {
    command: 'sh',
    args: ['-ec', script],
    cwd: workspace.repository,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: workspace.home,
      GIT_AUTHOR_NAME: 'agent',
      GIT_AUTHOR_EMAIL: 'agent@localhost',
      GIT_COMMITTER_NAME: 'agent',
      GIT_COMMITTER_EMAIL: 'agent@localhost',
    },
    maxBytes: 1_000_000,
    deadlineMs: 20_000,
  });
  if (code !== 0) throw new Error(stderr);
  return stdout.toString().trim();
};

const patchText = async () => {
  const taken = await workspace.takePatch(sha);
  if (taken.kind !== 'patch') throw new Error(JSON.stringify(taken));
  return taken.patch.toString();
};

describe('the agent’s folder', () => {
  it('holds the base branch, checked out, without a remote', async () => {
    expect(await sh('git rev-parse HEAD')).toBe(sha);
    expect(await sh('git branch --show-current')).toBe('main');
    expect(await sh('git remote; git status --porcelain; ls ..')).toBe('home\npackages\ntmp\nwork');
  });

  it.runIf(isRoot)('belongs to the agent alone', async () => {
    const root = await stat(join(runsDir, `run-${count}`, 'agent'));
    expect([root.uid, root.gid, root.mode & 0o777]).toEqual([uid, uid, 0o700]);
    expect(await sh('find . ! -user $(id -u)')).toBe('');
    for (const place of [runsDir, join(runsDir, `run-${count}`)]) {
      await expect(sh(`touch ${place}/x`)).rejects.toThrow('Permission denied');
      await expect(sh(`ls ${place}`)).rejects.toThrow('Permission denied');
    }
  });

  it('refuses a bundle that breaks off', async () => {
    const broken = await aWorkspace();
    await expect(broken.fill(Readable.from([Buffer.from('# v2 git bundle\n')]), 'main')).rejects.toThrow(
      'git in the agent',
    );
    await broken.remove();
  });

  it('goes, whatever the agent left in it', async () => {
    await sh(
      'mkdir -p locked/in; touch locked/in/x; ln -s /etc/passwd link; mkfifo pipe; chmod 000 locked/in locked',
    );
    await workspace.remove();
    expect(await readdir(runsDir)).toEqual([]);
    workspace = await aWorkspace();
  });

  it.runIf(isRoot)('goes together with what still runs there', async () => {
    const pid = await sh('setsid tail -f /dev/null >/dev/null 2>&1 & echo $!');
    await workspace.remove();
    const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,stat=']);
    // a zombie that nobody reaped yet is dead
    expect(stdout).not.toMatch(new RegExp(`^ *${pid} +[^Z]`, 'm'));
    workspace = await aWorkspace();
  });

  it('goes also after the job was told to stop', async () => {
    const stop = new AbortController();
    const stopped = await aWorkspace(stop.signal);
    stop.abort();
    await expect(stopped.takePatch(sha)).rejects.toThrow('aborted');
    await stopped.remove();
  });
});

describe('the patch', () => {
  it('is empty when nothing changed', async () => {
    expect(await workspace.takePatch(sha)).toEqual({ kind: 'empty' });
  });

  it('holds what is new, changed and gone, committed or not', async () => {
    await sh('echo a > new.txt; git rm -q greeting.js; git commit -qm x; echo b >> total.js');
    const patch = await patchText();
    expect(patch).toContain('diff --git a/new.txt b/new.txt\nnew file mode 100644');
    expect(patch).toContain('deleted file mode 100644');
    expect(patch).toContain('diff --git a/total.js b/total.js');
  });

  it('does not depend on what the agent did to its index or settings', async () => {
    await sh(
      'echo b >> total.js; git update-index --skip-worktree total.js; git config diff.noprefix true; ' +
        'git config diff.external "touch pwned"; git config diff.mnemonicPrefix true; git config color.ui always',
    );
    expect(await patchText()).toContain('diff --git a/total.js b/total.js\nindex');
  });

  it('starts nothing of the agent’s as the supervisor', async () => {
    await sh(
      'git config filter.x.clean "id -u >> $PWD/../ran; cat"; echo "*.js filter=x" > .gitattributes; echo b >> total.js',
    );
    await patchText();
    expect(new Set((await sh('cat ../ran')).split('\n'))).toEqual(new Set([await sh('id -u')]));
  });

  it.runIf(isRoot)('runs no start-up files of the agent on the way to its uid', async () => {
    await sh(
      'echo "id -u >> $HOME/ran" | tee "$HOME/.bashrc" "$HOME/.profile" "$HOME/.bash_profile" > /dev/null; echo b >> total.js',
    );
    await patchText();
    await expect(sh('cat "$HOME/ran"')).rejects.toThrow('No such file');
  });

  it('leaves out a repository within the repository', async () => {
    await sh(
      'mkdir sub; cd sub; git init -q; echo a > a; git add a; git commit -qm x; cd ..; echo b >> total.js',
    );
    expect(await patchText()).not.toContain('sub');
  });

  it('may not be larger than allowed', async () => {
    await sh(`head -c ${maxPatchBytes + 1} /dev/urandom > noise.bin`);
    expect(await workspace.takePatch(sha)).toEqual({
      kind: 'refused',
      detail: 'The change is larger than 5 MB.',
    });
  });

  it.each(['rm -rf .git', 'rm -rf .git/objects', 'echo > .git/HEAD', 'printf "[core" > .git/config'])(
    'cannot be read after %s, and says so',
    async (script) => {
      await sh(script);
      expect(await workspace.takePatch(sha)).toMatchObject({ kind: 'refused' });
    },
  );
});
