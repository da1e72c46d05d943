// How anything runs as the agent: under another uid where the supervisor is root, never with more than it is given.
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ProcessLimits } from './agent-limits.ts';
import type { AgentProcess } from './agent-process.ts';
import { drained, exitOf, keepHead, keepTail, signalGroup } from './agent-process.ts';

/** What a machine can keep the agent to: TCP among its own processes, or Unix sockets alone. */
export type AgentNetwork = 'loopback' | 'unix';

export type AgentUser =
  /** guard: the program of worker-image/guard/, which starts and ends everything of the uid. */
  | {
      kind: 'separate';
      uid: number;
      gid: number;
      guard: string;
      network: AgentNetwork;
      /** It can have a loopback that it shares with nobody. */
      isAlone: boolean;
    }
  | { kind: 'same' };

export type AgentCommand = {
  command: string;
  args: readonly string[];
  cwd: string;
  /** All of it: nothing is inherited. */
  env: Readonly<Record<string, string>>;
  limits?: ProcessLimits | undefined;
  /** Has the user's network; without it there are Unix sockets as a client only. */
  isNetworked?: boolean;
  /** Nobody of the supervisor's side is to be reached on that network: it is the agent's own, where the machine has that. */
  isAlone?: boolean;
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

/**
 * Starts a process of the agent in a session and process group of its own, so it has no terminal to write into.
 * With a uid of its own it starts through the guard: without a capability, without the network, with no descriptor above 2.
 * The folder is entered with the agent's rights, not with ours.
 */
export const spawnAsAgent = (user: AgentUser, input: AgentCommand): AgentProcess => {
  const { command, args, cwd, env, limits } = input;
  const options = { env: { ...env }, detached: true, stdio: 'pipe' } as const;
  if (user.kind === 'same') {
    const [program = command, ...rest] = [...limitCommand(limits), command, ...args];
    return spawn(program, rest, { ...options, cwd });
  }
  const network = input.isNetworked ? user.network : 'none';
  const alone = input.isAlone && user.isAlone && network === 'loopback' ? ['--alone'] : [];
  const confinement = [
    ...idsOf(user),
    `--net=${network}`,
    ...alone,
    `--chdir=${cwd}`,
    ...limitOptions(limits),
  ];
  return spawn(user.guard, [...confinement, '--', command, ...args], { ...options, cwd: '/' });
};

export const idsOf = ({ uid, gid }: { uid: number; gid: number }): string[] => [
  `--uid=${uid}`,
  `--gid=${gid}`,
];

const limitOptions = (limits: ProcessLimits | undefined): string[] =>
  limits
    ? [
        `--nproc=${limits.processes}`,
        `--data=${Math.floor(limits.dataBytes)}`,
        `--fsize=${Math.floor(limits.fileBytes)}`,
      ]
    : [];

/** As the same user the number of processes stays free: the kernel would count the person's own. Linux only. */
const limitCommand = (limits: ProcessLimits | undefined): string[] => {
  if (!limits || process.platform !== 'linux') return [];
  const { dataBytes, fileBytes } = limits;
  return [
    '/usr/bin/prlimit',
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
