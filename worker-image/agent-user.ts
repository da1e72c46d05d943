// How anything runs as the agent: under another uid where the supervisor is root, never with more than it is given.
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';

export type AgentUser = { kind: 'separate'; uid: number; gid: number } | { kind: 'same' };

export type AgentCommand = {
  command: string;
  args: readonly string[];
  cwd: string;
  /** All of it: nothing is inherited. */
  env: Readonly<Record<string, string>>;
};

export type AgentProcess = ChildProcessByStdio<Writable, Readable, Readable>;

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
const killDeadlineMs = 10_000;

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
export const spawnAsAgent = (user: AgentUser, { command, args, cwd, env }: AgentCommand): AgentProcess => {
  const options = { env: { ...env }, detached: true, stdio: 'pipe' } as const;
  if (user.kind === 'same') return spawn(command, args, { ...options, cwd });
  if (command.includes('=')) throw new Error('env(1) takes a command with = for a variable');
  const ids = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const rights = ['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
  const enter = ['/usr/bin/env', `--chdir=${cwd}`, '--unset=SHLVL', '--unset=PWD', command, ...args];
  const launch = ['/usr/bin/setpriv', ...ids, ...rights, '--', ...enter];
  // -p: neither BASH_ENV nor functions from the environment. --norc: with a socket for stdin, which Node's pipes are,
  // bash takes itself for a remote shell and would run the agent's own $HOME/.bashrc, as root
  return spawn('/bin/bash', ['--norc', '-p', '-c', closeDescriptors, 'launch', ...launch], {
    ...options,
    cwd: '/',
  });
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

/**
 * Ends what the agent left running. With a uid of its own: everything of that uid, whatever session, group or parent
 * it has; so the uid must be nobody else's. As the same user only the process group of `pid` can be named: what
 * called setsid (the CLI's Bash tool does, and any daemon) lives on.
 */
export const killAgent = async (user: AgentUser, pid: number): Promise<void> => {
  if (user.kind === 'same') return sendSignal(-pid, 'SIGKILL');
  const { code, stderr } = await runAsAgent(user, {
    command: '/bin/bash',
    args: ['--norc', '-p', '-c', killAll],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    maxBytes: 0,
    deadlineMs: killDeadlineMs,
  });
  if (code !== 0) throw new Error(`processes of uid ${user.uid} could not be ended: ${stderr.slice(0, 300)}`);
};

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

/** The end of the process itself. Rejects when it could not be started. */
export const exitOf = (child: ChildProcess): Promise<Exit> =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });

/** After the exit: waits for the pipes' end, but not for long on somebody else who holds them. */
export const drained = async (child: AgentProcess, graceMs: number): Promise<void> => {
  const pipes = [child.stdout, child.stderr].filter((pipe) => !pipe.closed);
  const graceOver = new AbortController();
  const closed = Promise.all(pipes.map((pipe) => once(pipe, 'close')));
  await Promise.race([closed, wait(graceMs, undefined, { signal: graceOver.signal }).catch(() => {})]);
  graceOver.abort();
  for (const pipe of pipes) pipe.destroy();
};

/** Sends to the whole process group; one that is gone is fine. */
export const signalGroup = (child: ChildProcess, signal: NodeJS.Signals): void => {
  if (child.pid !== undefined) sendSignal(-child.pid, signal);
};

const sendSignal = (pid: number, signal: NodeJS.Signals) => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

/** The last bytes that came, as text. */
export const keepTail = (stream: Readable, maxBytes: number): (() => string) => {
  let tail = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk.subarray(-maxBytes)]).subarray(-maxBytes);
  });
  stream.on('error', () => {}); // a pipe that breaks has ended
  return () => tail.toString('utf8');
};

const keepHead = (stream: Readable, maxBytes: number, onCut: () => void) => {
  const chunks: Buffer[] = [];
  let left = maxBytes;
  stream.on('data', (chunk: Buffer) => {
    if (left > 0) chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left < 0) onCut();
  });
  stream.on('error', () => {}); // a pipe that breaks has ended
  return () => ({ stdout: Buffer.concat(chunks), isCut: left < 0 });
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
for fd in /proc/self/fd/*; do
  fd=\${fd##*/}
  [ "$fd" -le 2 ] || eval "exec $fd>&-"
done
exec -- "$@"`;

/**
 * kill(-1) signals everything that the caller may signal but itself, at once, and no fork survives it; but while others'
 * processes exist Linux answers 0, never ESRCH, so the end is looked up. A zombie that nobody reaps is dead enough.
 * https://man7.org/linux/man-pages/man2/kill.2.html
 */
const killAll = `
alive() {
  local status pid key value uid state
  for status in /proc/[0-9]*/status; do
    pid=\${status#/proc/} uid= state=
    [ "\${pid%/status}" = $$ ] && continue
    while read -r key value _; do
      case $key in State:) state=$value ;; Uid:) uid=$value; break ;; esac
    done 2>/dev/null <"$status"
    [ "$uid" = "$EUID" ] && [ "$state" != Z ] && return 0
  done
  return 1
}
kill -KILL -1
while alive; do kill -KILL -1; sleep 0.01; done
exit 0`;
