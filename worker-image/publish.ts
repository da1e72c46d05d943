// A patch becomes a commit and a branch, in the bare repository: nothing of it is ever checked out or run here.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { remoteHead } from './bare-repository.ts';
import type { Git } from './git.ts';
import type { ChangedPath } from './path-policy.ts';
import { isLink, refusalOf } from './path-policy.ts';
import type { FindSecrets } from './patch-secrets.ts';

export type Author = { name: string; email: string };
export type CommitInput = {
  baseSha: string;
  patch: Uint8Array;
  message: string;
  author: Author;
  /** Of the task, not of now: the same patch gives the same commit, whoever makes it. */
  date: string;
  findSecrets: FindSecrets;
};
export type Committed = { kind: 'committed'; sha: string } | { kind: 'refused'; detail: string };
export type Pushed = { kind: 'pushed' } | { kind: 'refused'; detail: string };

const applyDeadlineMs = 60_000;
const maxInflatedBytes = 100 * 1024 * 1024;
const maxLinkBytes = 4_096;

/** https://git-scm.com/docs/git-apply (--cached), git-commit-tree */
export const commitPatch = async (git: Git, input: CommitInput): Promise<Committed> => {
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

  for (const changed of await changesOf(git, input.baseSha, env)) {
    const reason = refusalOf(changed);
    if (reason) return refused(`\`${changed.path}\`: ${reason}`);
  }
  const tree = await gitLine(git, ['write-tree'], { env });
  const secrets = await input.findSecrets(git, { baseSha: input.baseSha, tree });
  if (secrets !== undefined) return refused(secrets);
  const sha = await gitLine(git, ['commit-tree', tree, '-p', input.baseSha, '-F', '-'], {
    input: Buffer.from(input.message),
    env: identity(input),
  });
  return { kind: 'committed', sha };
};

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

/** Every path that the index changes against the base. https://git-scm.com/docs/git-diff-index#_raw_output_format */
const changesOf = async (git: Git, baseSha: string, env: Record<string, string>): Promise<ChangedPath[]> => {
  const raw = await git.run(
    ['diff-index', '--cached', '--raw', '-z', '--no-renames', '--full-index', baseSha],
    { env },
  );
  const fields = raw.toString('utf8').split('\0');
  const changes: ChangedPath[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, mode = '', , object = ''] = (fields[at] ?? '').split(' ');
    const changed = { path: fields[at + 1] ?? '', mode };
    changes.push(isLink(changed) ? { ...changed, linkTarget: await linkTarget(git, object) } : changed);
  }
  return changes;
};

const linkTarget = async (git: Git, object: string) =>
  (await git.run(['cat-file', 'blob', object], { maxBytes: maxLinkBytes })).toString('utf8');

const identity = ({ author, date }: CommitInput) => ({
  GIT_AUTHOR_NAME: author.name,
  GIT_AUTHOR_EMAIL: author.email,
  GIT_AUTHOR_DATE: date,
  GIT_COMMITTER_NAME: author.name,
  GIT_COMMITTER_EMAIL: author.email,
  GIT_COMMITTER_DATE: date,
});

/** Puts the commit on the branch, never by force. A branch that holds it already, also below later commits, is done. */
export const pushCommit = async (git: Git, sha: string, branch: string): Promise<Pushed> => {
  const there = await remoteHead(git, branch);
  if (there === sha) return { kind: 'pushed' };
  if (there !== undefined) {
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
