// How anything runs as the agent: under another uid where the supervisor is root, never with more than it is given.
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ProcessLimits } from './agent-limits.ts';
import type { AgentProcess } from './agent-process.ts';
import { drained, exitOf, keepHead, keepTail, signalGroup } from './agent-process.ts';

export type AgentUser = { kind: 'separate'; uid: number; gid: number } | { kind: 'same' };

export type AgentCommand = {
  command: string;
  args: readonly string[];
  cwd: string;
  /** All of it: nothing is inherited. */
  env: Readonly<Record<string, string>>;
  /** None for what ends the others: at the limit it would be refused itself. */
  limits?: ProcessLimits | undefined;
};

type RunInput = AgentCommand & {
  stdin?: Uint8Array | Readable | undefined;
  /** The most that is kept of stdout; more ends the process. */
  maxBytes: number;
  deadlineMs: number;
  signal?: AbortSignal | undefined;
};

export type AgentResult = {
  /** null when a signal ended it. */
  code: number | null;
  stdout: Buffer;
  /** Its end, at most 4 KiB. */
  stderr: string;
  /** It gave more than maxBytes and was ended for it. */
  isCut: boolean;
  /** What else made us end it. */
  stopped?: 'timed_out' | 'aborted';
};

const maxStderrBytes = 4096;
const pipeGraceMs = 10_000;

type Supervisor = { uid: number; isRoot: boolean; platform: NodeJS.Platform };

export const agentUser = ({ uid, isRoot, platform }: Supervisor): AgentUser => {
  if (!isRoot) return { kind: 'same' };
  if (platform !== 'linux')
    throw new Error('as root the agent runs on Linux only: start it as an ordinary user');
  return { kind: 'separate', uid, gid: uid };
};

/**
 * Starts a process of the agent in a session and process group of its own, so it has no terminal to write into.
 * With a uid of its own it has no capability, cannot gain one, and holds no descriptor above 2: Node hands on
 * those that it inherited above a gap. The folder is entered with the agent's rights, not with ours.
 */
export const spawnAsAgent = (user: AgentUser, input: AgentCommand): AgentProcess => {
  const { command, args, cwd, env, limits } = input;
  const options = { env: { ...env }, detached: true, stdio: 'pipe' } as const;
  const [program = command, ...rest] = [...limitCommand(user, limits), command, ...args];
  if (user.kind === 'same') return spawn(program, rest, { ...options, cwd });
  if (program.includes('=')) throw new Error('env(1) takes a command with = for a variable');
  const ids = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const rights = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
  const enter = ['/usr/bin/env', `--chdir=${cwd}`, '--unset=SHLVL', '--unset=PWD', program, ...rest];
  const launch = ['/usr/bin/setpriv', ...ids, ...rights, '--', ...enter];
  // -p: neither BASH_ENV nor functions from the environment. --norc: with a socket for stdin, which Node's pipes are,
  // bash takes itself for a remote shell and would run the agent's own $HOME/.bashrc, as root
  return spawn('/bin/bash', ['--norc', '-p', '-c', closeDescriptors, 'launch', ...launch], {
    ...options,
    cwd: '/',
  });
};

/**
 * The words before a command that put the limits on it and on all that it starts; without privileges nobody gets them off
 * again. Linux only. As the same user the number of processes stays free: the kernel would count the person's own.
 */
const limitCommand = (user: AgentUser, limits: ProcessLimits | undefined): string[] => {
  if (!limits || process.platform !== 'linux') return [];
  const { processes, dataBytes, fileBytes } = limits;
  return [
    '/usr/bin/prlimit',
    ...(user.kind === 'separate' ? [`--nproc=${processes}`] : []),
    `--data=${Math.floor(dataBytes)}`,
    `--fsize=${Math.floor(fileBytes)}`,
    '--core=0',
    '--',
  ];
};

/** Runs to the end and gives the ending as a value. Throws when it cannot be started or `stdin` fails. */
export const runAsAgent = async (user: AgentUser, input: RunInput): Promise<AgentResult> => {
  input.signal?.throwIfAborted();
  const child = spawnAsAgent(user, input);
  const kill = () => signalGroup(child, 'SIGKILL');
  let stopped: AgentResult['stopped'];
  const stop = (why: NonNullable<AgentResult['stopped']>) => {
    stopped ??= why;
    kill();
  };
  const onAbort = () => stop('aborted');
  input.signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => stop('timed_out'), input.deadlineMs);

  const stdout = keepHead(child.stdout, input.maxBytes, kill);
  const stderr = keepTail(child.stderr, maxStderrBytes);
  const fed = feed(child, input.stdin).catch((error: unknown) => {
    kill();
    throw error;
  });
  try {
    const [{ code }] = await Promise.all([exitOf(child), fed]);
    await drained(child, pipeGraceMs);
    return { code, stderr: stderr(), ...stdout(), ...(stopped && { stopped }) };
  } finally {
    clearTimeout(timer);
    input.signal?.removeEventListener('abort', onAbort);
  }
};

const feed = async ({ stdin }: AgentProcess, input: RunInput['stdin']): Promise<void> => {
  if (input === undefined || input instanceof Uint8Array) {
    stdin.on('error', () => {}); // it may end before it has read all; its exit code tells
    stdin.end(input);
    return;
  }
  let failure: unknown;
  input.once('error', (error) => {
    failure = error;
  });
  await pipeline(input, stdin).catch(() => {}); // of its errors only those of the source matter
  if (failure !== undefined) throw new Error('what the agent was to read broke off', { cause: failure });
};

const closeDescriptors = `
echo 1000 2>/dev/null >/proc/self/oom_score_adj # out of memory the kernel takes the agent, not the supervisor
for fd in /proc/self/fd/*; do
  fd=\${fd##*/}
  [ "$fd" -le 2 ] || eval "exec $fd>&-"
done
exec -- "$@"`;
