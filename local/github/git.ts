// Git on the twin's bare repositories: real git, a clean environment, bounded time.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** No configuration of this machine or this person, no prompt, nothing in the background. */
export const gitEnvironment = (home: string): NodeJS.ProcessEnv => ({
  PATH: '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin',
  HOME: home,
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
});

type Options = { env?: Record<string, string>; cwd?: string };

export type Git = ReturnType<typeof createGit>;

export type GitCommit = {
  sha: string;
  tree: string;
  parents: string[];
  author: { name: string; email: string; date: string };
  committer: { name: string; email: string; date: string };
  message: string;
};

type FileStatus = 'added' | 'modified' | 'removed' | 'changed';
export type ChangedFile = { filename: string; status: FileStatus; additions: number; deletions: number };

export const createGit = (home: string) => {
  const run = async (gitDir: string, args: readonly string[], { env = {}, cwd = home }: Options = {}) => {
    const { stdout } = await execute('git', [`--git-dir=${gitDir}`, ...args], {
      cwd,
      env: { ...gitEnvironment(home), ...env },
      timeout: 20_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  };

  /** undefined where git says no. */
  const ask = (gitDir: string, args: readonly string[]) =>
    run(gitDir, args).then(
      (text) => text.trim(),
      (error: unknown) => {
        if (exitCode(error) === undefined) throw error; // git did not run, or not to its end
        return undefined;
      },
    );

  const branch = (gitDir: string, name: string) =>
    ask(gitDir, ['show-ref', '--verify', '--hash', `refs/heads/${name}`]);

  const mergeBase = (gitDir: string, base: string, head: string) => ask(gitDir, ['merge-base', base, head]);

  /** How many commits the head has that the base lacks. */
  const countAhead = async (gitDir: string, base: string, head: string) =>
    Number(await run(gitDir, ['rev-list', '--count', `${base}..${head}`]));

  /** What a pull request shows: from where the branch began to its head. */
  const diff = (gitDir: string, base: string, head: string) =>
    run(gitDir, ['diff', '--no-ext-diff', '--no-textconv', `${base}...${head}`]);

  return { run, branch, mergeBase, countAhead, diff, ...createHistory({ run, ask, branch }) };
};

type Ask = (gitDir: string, args: readonly string[]) => Promise<string | undefined>;
type Verbs = { run: (gitDir: string, args: readonly string[]) => Promise<string>; ask: Ask } & {
  branch: (gitDir: string, name: string) => Promise<string | undefined>;
};

const createHistory = ({ run, ask, branch }: Verbs) => {
  const changedFiles = async (gitDir: string, range: readonly string[]): Promise<ChangedFile[]> => {
    const flags = ['diff-tree', '-r', '-z', '--root', '--no-commit-id', '--no-renames'];
    const [numbers, statuses] = await Promise.all([
      run(gitDir, [...flags, '--numstat', ...range]),
      run(gitDir, [...flags, '--name-status', ...range]),
    ]);
    const names = statuses.split('\0');
    return numbers
      .split('\0')
      .filter(Boolean)
      .map((line, index) => {
        const [added, deleted, filename = ''] = line.split('\t');
        const status = statusWords[names[index * 2] ?? ''] ?? 'changed';
        return { filename, status, additions: Number(added) || 0, deletions: Number(deleted) || 0 };
      });
  };

  /** The commit under a full sha, a branch name or an abbreviation, as GitHub's commit routes take them. */
  const commit = async (gitDir: string, name: string): Promise<GitCommit | undefined> => {
    const isName = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(name) && !name.includes('..');
    const sha =
      isName &&
      ((await branch(gitDir, name)) ??
        (await ask(gitDir, ['rev-parse', '-q', '--verify', `${name}^{commit}`])));
    return sha ? parseCommit(await run(gitDir, ['show', '-s', `--format=${commitFormat}`, sha])) : undefined;
  };

  return { changedFiles, commit };
};

const exitCode = (error: unknown): number | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;

const statusWords: Record<string, FileStatus> = { A: 'added', M: 'modified', D: 'removed' };

const commitFormat = ['%H', '%T', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%B'].join('%x00');

const parseCommit = (text: string): GitCommit => {
  const [sha = '', tree = '', parents = '', ...rest] = text.split('\0');
  const [name = '', email = '', date = '', byName = '', byEmail = '', byDate = '', message = ''] = rest;
  return {
    sha,
    tree,
    parents: parents.split(' ').filter(Boolean),
    author: { name, email, date: utc(date) },
    committer: { name: byName, email: byEmail, date: utc(byDate) },
    message: message.trimEnd(),
  };
};

const utc = (date: string) => new Date(date).toISOString().replace('.000Z', 'Z');
