// Commits of any content in the twin's repository, made without a work tree: also such as no `git add` would make.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { gitEnvironment } from '#local/github/git.ts';
import type { House } from '#test/local/github/start-twin.ts';

export type File = string | Uint8Array | { link: string } | { gitlink: string } | null;

type CommitInput = {
  /** What the tree is begun from, and the parent; none for a first commit. */
  parent?: string;
  /** null removes what the parent has at the path. */
  files: Record<string, File>;
  branch?: string;
  message?: string;
};

const identity = {
  GIT_AUTHOR_NAME: 'demo',
  GIT_AUTHOR_EMAIL: 'demo@users.noreply.example',
  GIT_COMMITTER_NAME: 'demo',
  GIT_COMMITTER_EMAIL: 'demo@users.noreply.example',
};

export const commitFiles = async (
  { demo, folder }: Pick<House, 'demo' | 'folder'>,
  { parent = demo.headSha, files, branch, message = 'a commit' }: CommitInput,
): Promise<string> => {
  const index = join(folder, `index-${crypto.randomUUID()}`);
  const git = (args: string[], input: string | Uint8Array = '') =>
    new Promise<string>((resolve, reject) => {
      const env = { ...gitEnvironment(folder), ...identity, GIT_INDEX_FILE: index };
      const child = execFile('git', [`--git-dir=${demo.gitDir}`, ...args], { env }, (error, stdout) =>
        error ? reject(error) : resolve(stdout.trim()),
      );
      child.stdin?.on('error', () => {}); // it may end before it has read all; its exit code tells
      child.stdin?.end(input);
    });
  await git(['read-tree', parent]);
  for (const [path, file] of Object.entries(files)) {
    const line = await toLine(git, file);
    await git(['update-index', '-z', '--index-info'], `${line}\t${path}\0`);
  }
  const sha = await git(['commit-tree', '-p', parent, '-m', message, await git(['write-tree'])]);
  if (branch !== undefined) await git(['update-ref', `refs/heads/${branch}`, sha]);
  return sha;
};

type Run = (args: string[], input?: string | Uint8Array) => Promise<string>;

const toLine = async (git: Run, file: File): Promise<string> => {
  if (file === null) return `0 ${'0'.repeat(40)}`;
  if (typeof file === 'string' || file instanceof Uint8Array)
    return `100644 ${await git(['hash-object', '-w', '--stdin'], file)}`;
  if ('gitlink' in file) return `160000 ${file.gitlink}`;
  return `120000 ${await git(['hash-object', '-w', '--stdin'], file.link)}`;
};
