// Repositories that mean harm, each made by script on a branch of the twin: what is in them would touch a sentinel if it were obeyed.
import { execFile } from 'node:child_process';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gitEnvironment } from '#local/github/git.ts';
import type { House } from '#test/local/github/start-twin.ts';
import type { File } from '#test/support/commit-files.ts';
import { commitFiles } from '#test/support/commit-files.ts';

const run = promisify(execFile);

type Twins = Pick<House, 'demo' | 'folder'>;
/** A command that leaves the sentinel. */
type Harm = { sentinel: string };

const submodule = (name: string, { path, url }: { path: string; url: string }) =>
  `[submodule "${name}"]\n\tpath = ${path}\n\turl = ${url}\n\tupdate = checkout\n`;

/** By name: the files of a tree that git itself takes. */
export const hostileTrees = ({
  sentinel,
}: Harm): Record<string, (someCommit: string) => Record<string, File>> => {
  const touch = `touch ${sentinel}`;
  const moduleAt =
    (path: string, url: string, name = path) =>
    (commit: string) => ({
      '.gitmodules': submodule(name, { path, url }),
      [path]: { gitlink: commit },
    });
  return {
    'filters by attributes': () => ({
      '.gitattributes': '* filter=evil diff=evil merge=evil text eol=crlf ident\n',
      'filtered.txt': '$Id$\n',
    }),
    'a configuration that asks to be included': () => ({
      '.gitconfig': `[core]\n\thooksPath = hooks\n\tfsmonitor = ${touch}\n\tsshCommand = ${touch}\n[include]\n\tpath = ../.gitconfig\n`,
      'hooks/post-checkout': `#!/bin/sh\n${touch}\n`,
      config: `[core]\n\thooksPath = hooks\n`,
      HEAD: 'ref: refs/heads/main\n',
      'objects/x': '',
      'refs/x': '',
    }),
    'a submodule that is a command': moduleAt('sub', `ext::sh -c ${touch.replaceAll(' ', '% ')}`),
    'a submodule in a folder here': moduleAt('sub', 'file:///etc'),
    'a submodule beside the repository': moduleAt('sub', '../../../../etc'),
    'a submodule that is an option': moduleAt('sub', `--upload-pack=${touch}`),
    'a submodule whose path ends in CR': moduleAt('sub\r', './sub'),
    'a submodule that is called like the hooks': moduleAt('sub', './sub', '../../.git/hooks'),
    'links out of the tree': () => ({
      environment: { link: '/proc/self/environ' },
      passwords: { link: '/etc/shadow' },
      above: { link: '../../..' },
      loop: { link: 'loop' },
      src: { link: '.git/hooks' },
    }),
    'LFS pointers': () => ({
      '.lfsconfig': `[lfs]\n\turl = http://127.0.0.1:1/lfs\n\tstandalonetransferagent = evil\n[lfs "customtransfer.evil"]\n\tpath = ${touch}\n`,
      '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n',
      'data.bin': `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`,
    }),
    'names that differ in case only': () => ({
      'Note.txt': 'a\n',
      'note.TXT': 'b\n',
      'src/A': 'a\n',
      'SRC/a': 'b\n',
    }),
    'two spellings of one letter': () => ({ 'caf\u00e9.txt': 'a\n', 'cafe\u0301.txt': 'b\n' }),
  };
};

/** Spellings under which a file system may find `.git`; no index takes them, so the tree is written by hand. */
export const spellingsOfGit = ['.GIT', '.git', 'git~1', '.g\u200cit', '..'] as const;

export const commitGitFolder = async (twins: Twins, { name, branch }: { name: string; branch: string }) => {
  const { gitDir } = twins.demo;
  const blob = await commitFiles(twins, { files: { config: '[core]\n\tfsmonitor = touch /tmp/x\n' } });
  return await commitTree(twins, {
    entry: `040000 tree ${await gitLine(twins, gitDir, [`${blob}^{tree}`])}\t${name}`,
    branch,
  });
};

const gitLine = async ({ folder }: Twins, gitDir: string, args: string[]) =>
  (
    await run('git', [`--git-dir=${gitDir}`, 'rev-parse', ...args], { env: gitEnvironment(folder) })
  ).stdout.trim();

const commitTree = async (
  { demo, folder }: Twins,
  { entry, branch }: { entry: string; branch: string },
): Promise<string> => {
  const git = (args: string[], input: string) =>
    new Promise<string>((resolve, reject) => {
      const env = { ...gitEnvironment(folder), ...identity };
      const child = execFile('git', [`--git-dir=${demo.gitDir}`, ...args], { env }, (error, stdout) =>
        error ? reject(error) : resolve(stdout.trim()),
      );
      child.stdin?.on('error', () => {}); // it may end before it has read all; its exit code tells
      child.stdin?.end(input);
    });
  const tree = await git(['mktree', '-z'], `${entry}\0`);
  const sha = await git(['commit-tree', '-m', 'a commit', tree], '');
  await git(['update-ref', `refs/heads/${branch}`, sha], '');
  return sha;
};

const identity = {
  GIT_AUTHOR_NAME: 'demo',
  GIT_AUTHOR_EMAIL: 'demo@users.noreply.example',
  GIT_COMMITTER_NAME: 'demo',
  GIT_COMMITTER_EMAIL: 'demo@users.noreply.example',
};

/** Branches by the thousand, written where git packs them. */
export const addManyBranches = async ({ demo, folder }: Twins, count: number): Promise<void> => {
  await run('git', [`--git-dir=${demo.gitDir}`, 'pack-refs', '--all'], { env: gitEnvironment(folder) });
  const lines = Array.from(
    { length: count },
    (_, index) => `${demo.headSha} refs/heads/zz/${String(index).padStart(6, '0')}\n`,
  );
  await appendFile(join(demo.gitDir, 'packed-refs'), lines.join(''));
};
