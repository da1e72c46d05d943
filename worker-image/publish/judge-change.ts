// Whether a change may be published: its size, its paths, what its new lines hold. All that stands against it, at once.
import type { Policy } from '#core/policy.ts';
import { lockFilesRow } from '#core/protected-paths.ts';
import type { Git } from '#worker/git/git.ts';
import { maxPatchBytes } from '#worker/sandbox/workspace-git.ts';
import { collidingPaths } from './colliding-paths.ts';
import { lonelyLockFiles } from './lock-files.ts';
import type { ChangedPath, Refusal } from './path-policy.ts';
import { createPathPolicy, isDeleted, isLink } from './path-policy.ts';

/** Which secrets the change adds, and where, for whoever reads the thread; undefined when there are none. */
export type FindSecrets = (
  git: Git,
  change: { baseSha: string; tree: string },
) => Promise<string | undefined>;

export type ChangeRules = { policy: Policy; findSecrets?: FindSecrets | undefined };

type Change = {
  baseSha: string;
  /** With the change, in the bare repository. */
  tree: string;
  patchBytes: number;
};

const maxFiles = 300;
const maxListed = 10;
const maxLinkBytes = 4_096;
const maxUnfoldedBytes = 100 * 1024 * 1024;

/** Why it may not be published, for whoever reads the thread; undefined when it may. */
export const refusalOfChange = async (
  git: Git,
  change: Change,
  { policy, findSecrets }: ChangeRules,
): Promise<string | undefined> => {
  const changes = await changesOf(git, change);
  const unfolded = changes.reduce((sum, { bytes }) => sum + bytes, 0);
  // nothing further is done with what may be gigabytes
  if (unfolded > maxUnfoldedBytes) return '- its files are too large';
  const size = sizeRefusals({ files: changes.length, bytes: change.patchBytes }, policy);
  const paths = changes.map(({ path }) => path);
  const kept = changes.filter((changed) => !isDeleted(changed)).map(({ path }) => path);
  const judgePath = createPathPolicy(policy);
  const refusals = [
    ...changes.flatMap((changed) => judgePath(changed) ?? []),
    ...(policy.allow.includes(lockFilesRow) ? [] : lonelyLockFiles(paths)),
    ...(await collidingPaths(git, change.tree, kept)),
  ];
  const secrets = await findSecrets?.(git, change);
  const told = [...toWords(size, refusals), ...(secrets === undefined ? [] : [secrets])];
  return told.length === 0 ? undefined : told.join('\n');
};

const sizeRefusals = ({ files, bytes }: { files: number; bytes: number }, { caps }: Policy): string[] => {
  const most = {
    files: Math.min(maxFiles, caps.maxFiles ?? maxFiles),
    bytes: Math.min(maxPatchBytes, caps.maxBytes ?? maxPatchBytes),
  };
  return [
    ...(files > most.files ? [`it changes ${files} files; ${most.files} are the most`] : []),
    ...(bytes > most.bytes ? [`it is a patch of ${bytes} bytes; ${most.bytes} are the most`] : []),
  ];
};

const toWords = (size: readonly string[], refusals: readonly Refusal[]): string[] => {
  const lines = [...size, ...refusals.map(({ path, why }) => `${shown(path)}: ${why}`)];
  const listed = lines.slice(0, maxListed).map((line) => `- ${line}`);
  const more = lines.length - listed.length;
  const rows = [...new Set(refusals.flatMap(({ row }) => row ?? []))];
  return [
    ...listed,
    ...(more > 0 ? [`- and ${more} more`] : []),
    ...(rows.length > 0
      ? [
          `If the agent is to make such changes here, people write into .agent-bot.yml: allow: [${rows.join(', ')}]`,
        ]
      : []),
  ];
};

/** In one line, whatever it is called. */
const shown = (path: string) => (path.length > 200 ? `${path.slice(0, 200)}…` : path).replaceAll('\n', '\\n');

type Entry = ChangedPath & { bytes: number };

/** Every path that the tree changes against the base. https://git-scm.com/docs/git-diff-tree#_raw_output_format */
const changesOf = async (git: Git, { baseSha, tree }: Change): Promise<Entry[]> => {
  const raw = await git.run([
    'diff-tree',
    '-r',
    '--raw',
    '-z',
    '--no-renames',
    '--full-index',
    baseSha,
    tree,
  ]);
  const fields = raw.toString('utf8').split('\0');
  const entries = fields.flatMap((field, at) => {
    if (at % 2 === 1 || at + 1 === fields.length) return [];
    const [, mode = '', , object = ''] = field.split(' ');
    return [{ path: fields[at + 1] ?? '', mode, object }];
  });
  const sizes = await sizesOf(
    git,
    entries.map(({ object }) => object),
  );
  const changes: Entry[] = [];
  for (const [at, { object, ...entry }] of entries.entries()) {
    const bytes = sizes[at] ?? 0;
    if (!isLink(entry)) changes.push({ ...entry, bytes });
    else changes.push({ ...entry, bytes, linkTarget: await linkTarget(git, object, bytes) });
  }
  return changes;
};

/** 0 for what is not there: a deleted file, a commit of a submodule. */
const sizesOf = async (git: Git, objects: readonly string[]): Promise<number[]> => {
  const input = Buffer.from(objects.map((object) => `${object}\n`).join(''));
  const lines = (await git.run(['cat-file', '--batch-check=%(objectsize)'], { input })).toString('latin1');
  return lines.split('\n').map((line) => Number(line) || 0);
};

/** No system has a link as long as that: where it leads is not looked at. */
const linkTarget = async (git: Git, object: string, bytes: number) =>
  bytes > maxLinkBytes ? '/' : (await git.run(['cat-file', 'blob', object])).toString('utf8');
