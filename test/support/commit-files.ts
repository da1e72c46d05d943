// Files on a branch of the twin's demo repository, committed there as a person would.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { House } from '#test/local/github/start-twin.ts';

type Files = { [path: string]: string | { link: string } };

/** On top of the branch, or of main where there is no such branch yet. Gives the commit. */
export const commitFiles = async (
  { twin, demo }: House,
  { branch = 'main', files, message = 'by a person' }: { branch?: string; files: Files; message?: string },
): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'commit-files-'));
  try {
    const env = { GIT_INDEX_FILE: join(folder, 'index'), ...person };
    const tree = join(folder, 'tree');
    await mkdir(tree);
    const git = (...args: string[]) =>
      twin.git.run(demo.gitDir, [`--work-tree=${tree}`, ...args], { env, cwd: tree });
    const parent = (await twin.git.branch(demo.gitDir, branch)) ?? demo.headSha;
    await git('read-tree', parent);
    for (const [path, file] of Object.entries(files)) {
      await mkdir(dirname(join(tree, path)), { recursive: true });
      if (typeof file === 'string') await writeFile(join(tree, path), file);
      else await symlink(file.link, join(tree, path));
    }
    await git('add', '--force', '--', ...Object.keys(files));
    const made = (
      await git('commit-tree', '-p', parent, '-m', message, (await git('write-tree')).trim())
    ).trim();
    await git('update-ref', `refs/heads/${branch}`, made);
    return made;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const person = {
  GIT_AUTHOR_NAME: 'demo',
  GIT_AUTHOR_EMAIL: 'demo@users.noreply.example',
  GIT_COMMITTER_NAME: 'demo',
  GIT_COMMITTER_EMAIL: 'demo@users.noreply.example',
};
