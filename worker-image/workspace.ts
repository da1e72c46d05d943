// The agent's folder of one run. The supervisor makes room for it and never opens a path in it: whatever is written,
// read or removed in there is done by a process of the agent's uid, through a pipe.
import { chmod, mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { AgentUser } from './agent-user.ts';
import { killAgent, runAsAgent } from './agent-user.ts';

export type Taken =
  | { kind: 'patch'; patch: Buffer }
  | { kind: 'empty' }
  | { kind: 'refused'; detail: string };

export type Workspace = {
  home: string;
  tmp: string;
  /** Where the agent works: a clone of the base branch without a remote. */
  repository: string;
  fill: (bundle: Readable, branch: string) => Promise<void>;
  /** Everything that differs from the base, committed or not. */
  takePatch: (baseSha: string) => Promise<Taken>;
  remove: () => Promise<void>;
};

type WorkspaceInput = { runsDir: string; name: string; user: AgentUser; signal: AbortSignal };

export const maxPatchBytes = 5 * 1024 * 1024;
const stepDeadlineMs = 120_000;

export const createWorkspace = async (input: WorkspaceInput): Promise<Workspace> => {
  const { runsDir, name, user } = input;
  await mkdir(runsDir, { recursive: true });
  await chmod(runsDir, 0o711);
  const place = join(runsDir, name);
  const root = join(place, 'agent');
  await mkdir(place);
  // on Fargate the supervisor has no CHOWN: the agent's uid makes the folder itself, and nothing else beside it
  await chmod(place, 0o733);
  await handsIn(place, input).run('mkdir', ['-m', '700', '--', root]);
  await chmod(place, 0o711);

  const hands = { ...handsIn(root, input), ...foldersIn(root) };
  await hands.run('mkdir', ['-m', '700', '--', hands.home, hands.tmp]);
  return {
    ...foldersIn(root),
    fill: (bundle, branch) => fill(hands, bundle, branch),
    takePatch: (baseSha) => takePatch(hands, baseSha),
    remove: async () => {
      if (user.kind === 'separate') await killAgent(user, 0); // what the agent's own git settings may have started
      const always = new AbortController().signal; // also after the job was told to stop
      await hands.run('chmod', ['-R', 'u+rwX', '--', root], { signal: always });
      await hands.run('find', [root, '-mindepth', '1', '-delete'], { signal: always });
      await rmdir(root);
      await rmdir(place);
    },
  };
};

const foldersIn = (root: string) => ({
  home: join(root, 'home'),
  tmp: join(root, 'tmp'),
  repository: join(root, 'work'),
});

type Hands = ReturnType<typeof handsIn> & ReturnType<typeof foldersIn>;

/** What runs in the folder, always as the agent. */
const handsIn = (root: string, { user, signal }: WorkspaceInput) => {
  const attempt = (command: string, args: string[], more: More = {}) =>
    runAsAgent(user, {
      command,
      args,
      cwd: root,
      env: { ...environment, HOME: join(root, 'home'), ...more.env },
      deadlineMs: stepDeadlineMs,
      maxBytes: maxPatchBytes,
      signal: more.signal ?? signal,
      ...(more.stdin && { stdin: more.stdin }),
    });
  const run = async (command: string, args: string[], more?: More) => {
    const { code, stderr } = await attempt(command, args, more);
    if (code !== 0)
      throw new Error(`${command} in the agent's folder ended with ${code}: ${stderr.slice(0, 300)}`);
  };
  return { root, attempt, run };
};

const fill = async ({ root, repository, run }: Hands, bundle: Readable, branch: string) => {
  const file = join(root, 'base.bundle');
  await run('sh', ['-c', 'exec cat > "$1"', 'sh', file], { stdin: bundle });
  await run('git', [...quietGit, 'clone', '--quiet', '--branch', branch, '--', file, repository]);
  await run('git', ['-C', repository, 'remote', 'remove', 'origin']);
  await run('rm', ['-f', '--', file]);
};

const takePatch = async ({ root, repository, attempt }: Hands, baseSha: string): Promise<Taken> => {
  // an index of our own: what the agent did to its one (skip-worktree, intent-to-add) hides nothing
  const env = { GIT_INDEX_FILE: join(root, `index-${crypto.randomUUID()}`) };
  const git = (...args: string[]) => attempt('git', ['-C', repository, ...quietGit, ...args], { env });
  if ((await git('read-tree', baseSha)).code !== 0) return unreadable;
  if ((await git('add', '--all', '--', '.')).code !== 0) return unreadable;
  const { code, stdout, isCut } = await git('diff', ...diffOptions, baseSha, '--');
  if (isCut)
    return { kind: 'refused', detail: `The change is larger than ${maxPatchBytes / 1024 / 1024} MB.` };
  if (code !== 0) return unreadable;
  return stdout.length === 0 ? { kind: 'empty' } : { kind: 'patch', patch: stdout };
};

type More = { env?: Record<string, string>; stdin?: Readable; signal?: AbortSignal };

const unreadable: Taken = {
  kind: 'refused',
  detail: 'The agent left its repository in a state from which no change can be read.',
};

const environment = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
};

/** For a sure result only: the agent's own configuration harms nobody but its uid. */
const quietGit = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.quotePath=true',
  'gc.auto=0',
].flatMap((setting) => ['-c', setting]);

/** https://git-scm.com/docs/git-diff */
const diffOptions = [
  '--cached',
  '--binary',
  '--full-index',
  '--no-color',
  '--no-renames',
  '--no-ext-diff',
  '--no-textconv',
  '--ignore-submodules=all',
  '--src-prefix=a/',
  '--dst-prefix=b/',
];
