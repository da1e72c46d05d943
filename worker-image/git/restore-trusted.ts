// A pull request's head as the agent gets it: its author's commit, with what tools obey taken from the base branch.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './git.ts';
import { isTrustedPath } from './trusted-paths.ts';

type Entry = { path: string; mode: string; object: string };
type Ends = { baseSha: string; headSha: string };
/** `restored`: the paths that differ from the head. Empty when the head is taken as it is. */
export type Start = { sha: string; restored: string[] };

/** Made in the index of the bare repository, without a work tree. The same two commits always give the same one. */
export const restoreTrusted = async (git: Git, { baseSha, headSha }: Ends): Promise<Start> => {
  const changes = toRestore(await changesBetween(git, headSha, baseSha));
  if (changes.length === 0) return { sha: headSha, restored: [] };
  const index = join(git.folder, 'start-index');
  const env = { GIT_INDEX_FILE: index };
  await rm(index, { force: true });
  await git.run(['read-tree', headSha], { env });
  // removed first, so that a folder can take the place of a file
  const lines = [...changes]
    .sort((a, b) => Number(b.mode === gone) - Number(a.mode === gone))
    .map(toIndexLine);
  await git.run(['update-index', '-z', '--index-info'], {
    env,
    input: Buffer.from(lines.join(''), 'latin1'),
  });
  const tree = await line(git, ['write-tree'], { env });
  const sha = await line(git, ['commit-tree', tree, '-p', headSha, '-F', '-'], {
    input: Buffer.from('Take the configuration of tools from the base branch\n'),
    env: identity,
  });
  const restored = (await changesBetween(git, headSha, sha)).map(readable);
  return { sha, restored };
};

/** A file of the base below what is an ordinary file in the head has no place there. */
const toRestore = (changes: Entry[]): Entry[] => {
  const onlyInHead = new Set(
    changes.filter((entry) => entry.mode === gone && !isTrusted(entry)).map(({ path }) => path),
  );
  const isBelowFile = ({ path }: Entry) => foldersAbove(path).some((folder) => onlyInHead.has(folder));
  return changes.filter((entry) => isTrusted(entry) && !isBelowFile(entry));
};

const foldersAbove = (path: string): string[] => {
  const segments = path.split('/');
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('/'));
};

const readable = ({ path }: Entry): string => Buffer.from(path, 'latin1').toString('utf8');
const isTrusted = (entry: Entry): boolean => isTrustedPath(readable(entry));

/** The paths of a commit's change that stand in the way of what was restored: the same, or one above or below it. */
export const restoredPathsIn = async (
  git: Git,
  { restored, headSha, sha }: { restored: readonly string[]; headSha: string; sha: string },
): Promise<string[]> => {
  if (restored.length === 0) return [];
  const changed = (await changesBetween(git, headSha, sha)).map(readable);
  return changed.filter((path) => restored.some((other) => isSameOrInside(path, other)));
};

const isSameOrInside = (a: string, b: string): boolean =>
  a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);

const gone = '000000';
const maxListBytes = 128 * 1024 * 1024;

/** Paths in latin1, so that every byte of them comes back. https://git-scm.com/docs/git-diff-tree#_raw_output_format */
const changesBetween = async (git: Git, from: string, to: string): Promise<Entry[]> => {
  const raw = await git.run(['diff-tree', '-r', '-z', '--raw', '--no-renames', '--full-index', from, to], {
    maxBytes: maxListBytes,
  });
  const fields = raw.toString('latin1').split('\0');
  const entries: Entry[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, mode = '', , object = ''] = (fields[at] ?? '').split(' ');
    entries.push({ path: fields[at + 1] ?? '', mode, object });
  }
  return entries;
};

/** https://git-scm.com/docs/git-update-index#_using_index_info */
const toIndexLine = ({ path, mode, object }: Entry): string =>
  mode === gone ? `0 ${object}\t${path}\0` : `${mode} ${object}\t${path}\0`;

const line = async (git: Git, args: string[], options: Parameters<Git['run']>[1]) =>
  (await git.run(args, options)).toString('latin1').trim();

const identity = {
  GIT_AUTHOR_NAME: 'agent-bot',
  GIT_AUTHOR_EMAIL: 'agent-bot@localhost',
  GIT_AUTHOR_DATE: '2000-01-01T00:00:00Z',
  GIT_COMMITTER_NAME: 'agent-bot',
  GIT_COMMITTER_EMAIL: 'agent-bot@localhost',
  GIT_COMMITTER_DATE: '2000-01-01T00:00:00Z',
};
