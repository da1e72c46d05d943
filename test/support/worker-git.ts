// A bare repository of the worker, beside the GitHub twin with its demo repository.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { House } from '#test/local/github/start-twin.ts';
import { mintToken, startTwin } from '#test/local/github/start-twin.ts';
import { createGit } from '#worker/git/git.ts';

export const startGitHouse = async () => {
  const house = await startTwin();
  const folder = await mkdtemp(join(tmpdir(), 'worker-git-'));
  let count = 0;
  const token = await mintToken(house, { permissions: { contents: 'write' } });
  const aGit = (changes: Partial<Parameters<typeof createGit>[0]> = {}) =>
    createGit({
      folder: join(folder, `${(count += 1)}.git`),
      url: urlOf(house),
      token: () => Promise.resolve(token),
      signal: new AbortController().signal,
      ...changes,
    });
  /** A commit on a branch of the twin, made there. */
  const commitOnTwin = async (branch: string, parent = house.demo.headSha) => {
    const run = (...args: string[]) =>
      house.twin.git.run(house.demo.gitDir, args, {
        env: {
          GIT_AUTHOR_NAME: 'demo',
          GIT_AUTHOR_EMAIL: 'demo@users.noreply.example',
          GIT_COMMITTER_NAME: 'demo',
          GIT_COMMITTER_EMAIL: 'demo@users.noreply.example',
        },
      });
    const sha = (await run('commit-tree', '-p', parent, '-m', `on ${branch}`, `${parent}^{tree}`)).trim();
    await run('update-ref', `refs/heads/${branch}`, sha);
    return sha;
  };
  const close = async () => {
    await house.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { house, folder, token, aGit, commitOnTwin, close };
};

export type GitHouse = Awaited<ReturnType<typeof startGitHouse>>;

export const urlOf = ({ twin, demo }: House): string => `${twin.webUrl}/${demo.repository}.git`;
