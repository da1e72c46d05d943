// The agent's clone: filled from a bundle, read and written as a patch, always by git as the agent.
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Base } from '#worker/git/origin.ts';
import type { Hands } from './workspace-hands.ts';

export type Taken =
  | { kind: 'patch'; patch: Buffer }
  | { kind: 'empty' }
  | { kind: 'refused'; detail: string };

export const maxPatchBytes = 5 * 1024 * 1024;

type Clone = Hands & { repository: string };

export const fill = async ({ root, repository, run }: Clone, bundle: Readable, branch: string) => {
  const file = join(root, 'base.bundle');
  await run('sh', ['-c', 'exec cat > "$1"', 'sh', file], { stdin: bundle });
  await run('git', [...quietGit, 'clone', '--quiet', '--branch', branch, '--', file, repository]);
  await run('git', ['-C', repository, 'remote', 'remove', 'origin']);
  await run('rm', ['-f', '--', file]);
};

/**
 * The branch at its commit again, whatever was done to it. What git ignores stays: installed packages. The index is made anew,
 * because its flags may hide a file and its lock may be one that was killed.
 */
export const undo = async ({ repository, attempt }: Clone, { branch, sha }: Base): Promise<boolean> => {
  await attempt('rm', ['-rf', ...['index', 'index.lock'].map((name) => join(repository, '.git', name))]);
  const steps = [
    ['reset', '--hard', '--quiet', sha],
    ['checkout', '--quiet', '--force', '-B', branch, sha],
    ['clean', '-ffd', '--quiet'],
  ];
  for (const step of steps) {
    const { code } = await attempt('git', [
      '-C',
      repository,
      ...quietGit,
      '-c',
      'core.sparseCheckout=false',
      ...step,
    ]);
    if (code !== 0) return false;
  }
  return true;
};

/** False when it does not fit: then nothing of it is there. https://git-scm.com/docs/git-apply */
export const applyPatch = async ({ repository, attempt }: Clone, patch: Uint8Array): Promise<boolean> => {
  const args = ['-C', repository, ...quietGit, 'apply', '--whitespace=nowarn', '-'];
  return (await attempt('git', args, { stdin: patch })).code === 0;
};

export const takePatch = async (
  { root, repository, attempt }: Clone,
  baseSha: string,
  signal?: AbortSignal,
): Promise<Taken> => {
  // an index of our own: what the agent did to its one (skip-worktree, intent-to-add) hides nothing
  const env = { GIT_INDEX_FILE: join(root, `index-${crypto.randomUUID()}`) };
  const git = (...args: string[]) =>
    attempt('git', ['-C', repository, ...quietGit, ...args], { env, signal, maxBytes: maxPatchBytes });
  if ((await git('read-tree', baseSha)).code !== 0) return unreadable;
  if ((await git('add', '--all', '--', '.')).code !== 0) return unreadable;
  const { code, stdout, isCut } = await git('diff', ...diffOptions, baseSha, '--');
  if (isCut)
    return { kind: 'refused', detail: `The change is larger than ${maxPatchBytes / 1024 / 1024} MB.` };
  if (code !== 0) return unreadable;
  return stdout.length === 0 ? { kind: 'empty' } : { kind: 'patch', patch: stdout };
};

const unreadable: Taken = {
  kind: 'refused',
  detail: 'The agent left its repository in a state from which no change can be read.',
};

/** For a sure result only: the agent's own configuration harms nobody but its uid. */
const quietGit = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.quotePath=true',
  'gc.auto=0',
].flatMap((setting) => ['-c', setting]);

/** https://git-scm.com/docs/git-diff */
const diffOptions = [
  '--cached',
  '--binary',
  '--full-index',
  '--no-color',
  '--no-renames',
  '--no-ext-diff',
  '--no-textconv',
  '--ignore-submodules=all',
  '--src-prefix=a/',
  '--dst-prefix=b/',
];
