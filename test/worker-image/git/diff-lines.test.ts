// Which lines can be commented, by real git.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commitFiles } from '#test/support/commit-files.ts';
import { newFile, oldFile } from '#test/support/intents.ts';
import { startGitHouse } from '#test/support/worker-git.ts';
import { fetchBranch } from '#worker/git/bare-repository.ts';
import type { Place } from '#worker/git/diff-lines.ts';
import { diffLinesOf } from '#worker/git/diff-lines.ts';
import type { Git } from '#worker/git/git.ts';

let git: Git;
let close: () => Promise<void>;
let ends: { baseSha: string; headSha: string };
beforeAll(async () => {
  const gitHouse = await startGitHouse();
  const { house } = gitHouse;
  const files = { 'long.txt': oldFile, 'gone.txt': 'one\ntwo\n', 'old-name.txt': oldFile, 'same.txt': 'x\n' };
  const began = await commitFiles(house, { files, branch: 'base' });
  const headSha = await commitFiles(house, {
    parent: began,
    files: {
      'long.txt': newFile,
      'gone.txt': null,
      'old-name.txt': null,
      'new-name.txt': newFile,
      'new.txt': 'one\n-- two\n++ three\n',
      'ü [1]*.txt': 'x\n',
    },
    branch: 'head',
  });
  const baseSha = await commitFiles(house, {
    parent: began,
    files: { 'same.txt': 'later\n' },
    branch: 'base',
  });
  git = await gitHouse.aGit();
  for (const branch of ['base', 'head']) await fetchBranch(git, { branch, maxBytes: 1e9 });
  ends = { baseSha, headSha };
  close = gitHouse.close;
});
afterAll(() => close());

it.each<[boolean, Place]>([
  [true, { path: 'long.txt', line: 10 }],
  [true, { path: 'long.txt', line: 7 }],
  [false, { path: 'long.txt', line: 6 }],
  [true, { path: 'long.txt', line: 13 }],
  [false, { path: 'long.txt', line: 14 }],
  [true, { path: 'long.txt', line: 21 }],
  [true, { path: 'long.txt', line: 10, side: 'LEFT' }],
  [false, { path: 'long.txt', line: 9, side: 'LEFT' }],
  [false, { path: 'long.txt', line: 21, side: 'LEFT' }],
  [true, { path: 'long.txt', startLine: 8, line: 12 }],
  [false, { path: 'long.txt', startLine: 10, line: 21 }],
  [true, { path: 'gone.txt', line: 2, side: 'LEFT' }],
  [false, { path: 'gone.txt', line: 2 }],
  [true, { path: 'new.txt', line: 3 }],
  [false, { path: 'new.txt', line: 4 }],
  [true, { path: 'new-name.txt', line: 10 }],
  [false, { path: 'new-name.txt', line: 1 }],
  [false, { path: 'old-name.txt', line: 10, side: 'LEFT' }],
  [true, { path: 'ü [1]*.txt', line: 1 }],
  [false, { path: 'same.txt', line: 1 }],
  [false, { path: '*.txt', line: 1 }],
  [false, { path: '../HEAD', line: 1 }],
  [false, { path: '--output=x', line: 1 }],
])('holds %s: %j', async (holds, place) => {
  expect((await diffLinesOf(git, { ...ends, paths: [place.path] })).holds(place)).toBe(holds);
});
