// Branches of the demo repository with an attacker's files on them, made by git without a work tree.
import { join } from 'node:path';
import { writeFile, rm } from 'node:fs/promises';
import type { HostileHouse } from './hostile-house.ts';
import type { TreeFile } from './scenario.ts';

const identity = Object.fromEntries(
  ['AUTHOR', 'COMMITTER'].flatMap((who) => [
    [`GIT_${who}_NAME`, 'demo'],
    [`GIT_${who}_EMAIL`, 'demo@users.noreply.example'],
    [`GIT_${who}_DATE`, '2026-01-06T09:00:00Z'],
  ]),
);

type Branch = { name: string; from: string; files: readonly TreeFile[] };

/** Gives the commit that the branch then has. */
export const makeBranch = async ({ github, demo }: HostileHouse, { name, from, files }: Branch) => {
  const index = join(demo.gitDir, `index-${name.replaceAll('/', '-')}`);
  const env = { ...identity, GIT_INDEX_FILE: index };
  const git = async (...args: string[]) => (await github.git.run(demo.gitDir, args, { env })).trim();
  await git('read-tree', from);
  for (const { path, text, mode = '100644' } of files) {
    const file = join(demo.gitDir, 'blob-to-be');
    await writeFile(file, text);
    const blob = await git('hash-object', '-w', '--no-filters', '--', file);
    await rm(file);
    await git('update-index', '--add', '--cacheinfo', `${mode},${blob},${path}`);
  }
  const tree = await git('write-tree');
  const sha = await git('commit-tree', '-m', `Files of ${name}`, '-p', from, tree);
  await git('update-ref', `refs/heads/${name}`, sha);
  await rm(index, { force: true });
  return sha;
};
