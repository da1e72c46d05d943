// A patch becomes a commit and a branch, in the bare repository: nothing of it is ever checked out or run here.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { remoteHead } from '#worker/git/bare-repository.ts';
import type { Git } from '#worker/git/git.ts';
import type { ChangeRules } from './judge-change.ts';
import { refusalOfChange } from './judge-change.ts';

export type Author = { name: string; email: string };
export type CommitInput = {
  baseSha: string;
  patch: Uint8Array;
  message: string;
  author: Author;
  /** Of the task, not of now: the same patch gives the same commit, whoever makes it. */
  date: string;
};
export type Committed = { kind: 'committed'; sha: string } | { kind: 'refused'; detail: string };
export type Pushed = { kind: 'pushed' } | { kind: 'refused'; detail: string };

const applyDeadlineMs = 60_000;
const maxInflatedBytes = 100 * 1024 * 1024;

/** https://git-scm.com/docs/git-apply (--cached), git-commit-tree */
export const commitPatch = async (git: Git, input: CommitInput, rules: ChangeRules): Promise<Committed> => {
  if (declaredBytes(input.patch) > maxInflatedBytes) return refused('its binary files are too large');
  const index = join(git.folder, 'publish-index');
  const env = { GIT_INDEX_FILE: index };
  await rm(index, { force: true });
  await git.run(['read-tree', input.baseSha], { env });
  const applied = await git.attempt(['apply', '--cached', '--whitespace=nowarn', '-'], {
    env,
    input: input.patch,
    deadlineMs: applyDeadlineMs,
    maxMemoryBytes: maxInflatedBytes * 4,
  });
  if (applied.code !== 0)
    return refused('git does not take it: the change does not fit the base, or touches `.git`');

  const tree = await gitLine(git, ['write-tree'], { env });
  const detail = await refusalOfChange(git, { ...input, tree, patchBytes: input.patch.length }, rules);
  if (detail !== undefined) return refused(detail);
  return { kind: 'committed', sha: await commitTree(git, { ...input, tree, parent: input.baseSha }) };
};

type CommitFields = Pick<CommitInput, 'message' | 'author' | 'date'> & { parent: string };

/** Of the same files as its parent. */
export const commitOnTop = (git: Git, fields: CommitFields): Promise<string> =>
  commitTree(git, { ...fields, tree: `${fields.parent}^{tree}` });

const commitTree = (git: Git, { tree, parent, message, ...by }: CommitFields & { tree: string }) =>
  gitLine(git, ['commit-tree', tree, '-p', parent, '-F', '-'], {
    input: Buffer.from(message),
    env: identity(by),
  });

const refused = (detail: string) => ({ kind: 'refused', detail }) as const;

/**
 * Sizes that the patch's binary parts declare: git reserves the memory before it looks at what is there, so a patch
 * of a megabyte could ask for gigabytes.
 */
const declaredBytes = (patch: Uint8Array): number =>
  [
    ...Buffer.from(patch.buffer, patch.byteOffset, patch.byteLength)
      .toString('latin1')
      .matchAll(/^(?:literal|delta) (\d+)$/gm),
  ]
    .map(([, size]) => Number(size))
    .reduce((sum, size) => sum + size, 0);

const gitLine = async (git: Git, args: string[], options: Parameters<Git['run']>[1]) =>
  (await git.run(args, options)).toString('latin1').trim();

const identity = ({ author, date }: Pick<CommitInput, 'author' | 'date'>) => ({
  GIT_AUTHOR_NAME: author.name,
  GIT_AUTHOR_EMAIL: author.email,
  GIT_AUTHOR_DATE: date,
  GIT_COMMITTER_NAME: author.name,
  GIT_COMMITTER_EMAIL: author.email,
  GIT_COMMITTER_DATE: date,
});

export type PushInput = {
  sha: string;
  branch: string;
  /** The commit that the branch has to stand at; without it the branch is new. */
  onto?: string;
};

/** Puts the commit on the branch, never by force. A branch that holds it already, also below later commits, is done. */
export const pushCommit = async (git: Git, { sha, branch, onto }: PushInput): Promise<Pushed> => {
  const there = await remoteHead(git, branch);
  if (there === sha) return { kind: 'pushed' };
  if (there !== undefined && there !== onto) {
    return (await isBelow(git, sha, branch))
      ? { kind: 'pushed' }
      : refused(`the branch \`${branch}\` is there already, with other commits`);
  }
  const refspec = `${sha}:refs/heads/${branch}`;
  const { code, stdout, stderr } = await git.attempt(
    [
      'push',
      '--porcelain',
      '--no-verify',
      '--no-follow-tags',
      '--recurse-submodules=no',
      '--',
      git.url,
      refspec,
    ],
    { withToken: true },
  );
  if (code === 0) return { kind: 'pushed' };
  // a line that begins with ! is the remote's own no; without one the connection failed
  const no = /^!\t[^\t]*\t(.*)$/m.exec(stdout.toString('utf8'))?.[1];
  if (no === undefined) throw new Error(`git push ended with ${code}: ${stderr.slice(0, 300)}`);
  return refused(`GitHub refused the branch: ${no.slice(0, 200)}`);
};

const isBelow = async (git: Git, sha: string, branch: string): Promise<boolean> => {
  await git.run(['fetch', '--quiet', '--no-tags', '--', git.url, `+refs/heads/${branch}:refs/published`], {
    withToken: true,
  });
  return (await git.attempt(['merge-base', '--is-ancestor', sha, 'refs/published'])).code === 0;
};
