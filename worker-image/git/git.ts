// The supervisor's own git: only in bare repositories that it made, never in a folder that the agent can write.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { printable } from '#core/text.ts';

type GitOptions = {
  input?: Uint8Array;
  env?: Record<string, string>;
  /** Lends the token to this one command, through its environment. */
  withToken?: boolean;
  signal?: AbortSignal;
  deadlineMs?: number;
  maxBytes?: number;
  /** More than maxBytes is no error: what came until then is given. */
  mayCut?: boolean;
  /** For what reads the agent's bytes: a small patch can unfold to gigabytes. On Linux only. */
  maxMemoryBytes?: number;
};
type GitResult = { code: number; stdout: Buffer; stderr: string; isCut: boolean };
type GitStream = { stdout: Readable; ended: Promise<void> };
export type Git = {
  folder: string;
  url: string;
  /** Gives the exit code as a value; throws when git was killed, cut off, or could not start. */
  attempt: (args: readonly string[], options?: GitOptions) => Promise<GitResult>;
  /** Throws unless git ended with 0. */
  run: (args: readonly string[], options?: GitOptions) => Promise<Buffer>;
  /** For output too large to hold. `ended` rejects unless git ended with 0. */
  stream: (args: readonly string[]) => GitStream;
};

type GitInput = {
  /** Is made, readable by the supervisor alone. */
  folder: string;
  /** https, or http on loopback; without credentials. */
  url: string;
  token: () => Promise<string>;
  signal: AbortSignal;
};

const gitDeadlineMs = 120_000;
const maxOutputBytes = 32 * 1024 * 1024;
const path = '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin';

/** A new bare repository without hooks or templates, and the way to run git in it. */
export const createGit = async ({ folder, url, token, signal }: GitInput): Promise<Git> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const askpass = join(folder, 'askpass');
  await writeFile(askpass, askpassScript, { mode: 0o700 });
  const remote = remoteOf(url);
  const settings = [...safeSettings, ...(remote.isPlainHttp ? ['-c', 'protocol.http.allow=always'] : [])];

  const start = async (args: readonly string[], options: GitOptions) => {
    const credentials = options.withToken
      ? { GIT_ASKPASS: askpass, AGENT_BOT_ASKED_FOR: remote.passwordFor, AGENT_BOT_TOKEN: await token() }
      : {};
    const [command, ...before] = [...limitsOf(options), 'git'] as const;
    // a process group of its own: git's helpers end with it
    return spawn(command, [...before, ...settings, ...args], {
      cwd: folder,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(folder), ...options.env, ...credentials },
    });
  };

  const attempt: Git['attempt'] = async (args, options = {}) => {
    const signals = [signal, AbortSignal.timeout(options.deadlineMs ?? gitDeadlineMs)];
    const all = AbortSignal.any(options.signal ? [...signals, options.signal] : signals);
    all.throwIfAborted();
    const child = await start(args, options);
    return await collect(child, { ...options, args, signal: all });
  };

  const run: Git['run'] = async (args, options) => {
    const { code, stdout, stderr } = await attempt(args, options);
    if (code !== 0) throw new Error(describe(args, `ended with ${code}`, stderr));
    return stdout;
  };

  const stream: Git['stream'] = (args) => {
    const child = spawn('git', [...settings, ...args], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: cleanEnvironment(folder),
    });
    return { stdout: child.stdout, ended: endOf(child, args, signal) };
  };

  await run(['init', '--quiet', '--bare', '--template=', '--', '.']);
  return { folder, url: remote.url, attempt, run, stream };
};

/** No hooks, helpers or watchers, and no way out but the one address. https://git-scm.com/docs/git-config */
const safeSettings = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.protectHFS', 'true'],
  ['core.protectNTFS', 'true'],
  ['core.attributesFile', '/dev/null'],
  ['attr.tree', '4b825dc642cb6eb9a060e54bf8d69288fbee4904'], // the empty one: else a bare repository obeys its HEAD
  ['core.bigFileThreshold', '8m'], // what is larger is compared as a binary file, without holding it
  ['credential.helper', ''],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['fetch.unpackLimit', '1'], // one pack, whose growth can be watched
  ['submodule.recurse', 'false'],
  ['protocol.allow', 'never'],
  ['protocol.https.allow', 'always'],
].flatMap(([key, value]) => ['-c', `${key}=${value}`]);

/** Node sets no limits of a child itself. */
const limitsOf = ({ maxMemoryBytes }: GitOptions): string[] =>
  maxMemoryBytes !== undefined && process.platform === 'linux' ? ['prlimit', `--data=${maxMemoryBytes}`] : [];

const cleanEnvironment = (home: string) => ({
  PATH: path,
  HOME: home,
  LC_ALL: 'C',
  GIT_DIR: home,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_LFS_SKIP_SMUDGE: '1',
});

/** Answers exactly one question, so a redirect to another host gets no token. */
const askpassScript = `#!/bin/sh
[ "$1" = "$AGENT_BOT_ASKED_FOR" ] && printf '%s\\n' "$AGENT_BOT_TOKEN"
`;

const remoteOf = (text: string) => {
  const url = new URL(text);
  const isPlainHttp = url.protocol === 'http:' && /^(?:127\.0\.0\.1|localhost|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !isPlainHttp) throw new Error('git goes to https, or to http on loopback');
  url.username = 'x-access-token';
  return {
    url: url.href,
    isPlainHttp,
    passwordFor: `Password for '${url.protocol}//${url.username}@${url.host}': `,
  };
};

type CollectInput = GitOptions & { args: readonly string[]; signal: AbortSignal };

const collect = async (
  child: ChildProcess,
  { args, input, signal, maxBytes = maxOutputBytes, mayCut = false }: CollectInput,
): Promise<GitResult> => {
  const stdout: Buffer[] = [];
  let stderr = '';
  let bytes = 0;
  let isTooLong = false;
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout.push(chunk.subarray(0, Math.max(0, maxBytes - bytes)));
    bytes += chunk.length;
    isTooLong = bytes > maxBytes;
    if (isTooLong) killGroup(child);
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    if (stderr.length < 4_000) stderr += chunk.toString('utf8');
  });
  child.stdin?.on('error', () => {}); // git may end before it has read all; its exit code tells
  child.stdin?.end(input);
  const code = await closeOf(child, signal);
  if (isTooLong && mayCut) return { code: 0, stdout: Buffer.concat(stdout), stderr, isCut: true };
  if (isTooLong) throw new Error(describe(args, `gave more than ${maxBytes} bytes`));
  if (code === null) throw new Error(describe(args, 'was killed', stderr), { cause: signal.reason });
  return { code, stdout: Buffer.concat(stdout), stderr, isCut: false };
};

const endOf = async (child: ChildProcess, args: readonly string[], signal: AbortSignal) => {
  const code = await closeOf(child, AbortSignal.any([signal, AbortSignal.timeout(gitDeadlineMs)]));
  if (code !== 0) throw new Error(describe(args, `ended with ${code}`));
};

const closeOf = async (child: ChildProcess, signal: AbortSignal): Promise<number | null> => {
  const kill = () => killGroup(child);
  signal.addEventListener('abort', kill);
  if (signal.aborted) kill();
  try {
    const [code] = (await once(child, 'close')) as [number | null]; // node's documented arguments of `close`
    return code;
  } finally {
    signal.removeEventListener('abort', kill);
  }
};

const killGroup = (child: ChildProcess) => {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // it ended in the meantime
  }
};

const describe = (args: readonly string[], what: string, stderr = '') =>
  `git ${args[0]} ${what}${stderr && `: ${printable(stderr.trim()).slice(0, 300)}`}`;
