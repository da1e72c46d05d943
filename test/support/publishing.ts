// What turns patches into commits: a bare repository with the base in it, and patches to try.
import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultPolicy } from '#core/policy.ts';
import { gitEnvironment } from '#local/github/git.ts';
import type { GitHouse } from '#test/support/worker-git.ts';
import { urlOf } from '#test/support/worker-git.ts';
import { fetchBranch } from '#worker/git/bare-repository.ts';
import type { Git } from '#worker/git/git.ts';
import type { ChangeRules } from '#worker/publish/judge-change.ts';
import { commitPatch } from '#worker/publish/publish.ts';

export type Publishing = Awaited<ReturnType<typeof startPublishing>>;
type Changes = { message?: string; on?: Git; rules?: ChangeRules };

export const startPublishing = async (git: GitHouse) => {
  const bare = await aBase(git);
  const commit = (patch: string | Uint8Array, { message, on = bare, rules }: Changes = {}) =>
    commitPatch(
      on,
      {
        baseSha: git.house.demo.headSha,
        patch: Buffer.from(patch),
        message: message ?? 'A change\n\nAgent-Task: 1\n',
        author: { name: 'agent-bot[bot]', email: 'agent-bot[bot]@users.noreply.github.com' },
        date: '2026-01-02T03:04:05Z',
      },
      rules ?? { policy: defaultPolicy },
    );
  return { bare, commit };
};

export const aBase = async (git: GitHouse) => {
  const base = await git.aGit();
  await fetchBranch(base, { branch: 'main', maxBytes: 500 * 1024 * 1024 });
  return base;
};

export const newFile = (path: string, { mode = '100644', text = 'text' } = {}) =>
  [
    `diff --git a/${path} b/${path}`,
    `new file mode ${mode}`,
    '--- /dev/null',
    `+++ b/${path}`,
    '@@ -0,0 +1 @@',
    `+${text}`,
    '\\ No newline at end of file',
    '',
  ].join('\n');

const execute = promisify(execFile);

/** A person's clone, whose staged change is the patch. */
export const aClone = async (git: GitHouse) => {
  const folder = await mkdtemp(join(git.folder, 'clone-'));
  const env = gitEnvironment(git.folder);
  const run = (...args: string[]) => execute('git', args, { cwd: folder, env, encoding: 'buffer' });
  const url = urlOf(git.house).replace('http://', `http://x-access-token:${git.token}@`);
  await run('clone', '--quiet', url, '.');
  return {
    folder,
    git: run,
    diff: async () => (await run('diff', '--cached', '--binary', '--full-index', 'HEAD')).stdout,
  };
};
