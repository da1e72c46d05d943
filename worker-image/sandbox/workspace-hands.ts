// How the supervisor reaches into the agent's folder: with commands that run as the agent, never by opening a path itself.
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ProcessLimits } from './agent-limits.ts';
import type { AgentResult, AgentUser } from './agent-user.ts';
import { runAsAgent } from './agent-user.ts';

type More = {
  env?: Record<string, string>;
  stdin?: Readable | Uint8Array;
  signal?: AbortSignal | undefined;
  maxBytes?: number;
  deadlineMs?: number;
};

export type Hands = {
  root: string;
  attempt: (command: string, args: string[], more?: More) => Promise<AgentResult>;
  /** Throws unless the command ended with 0. */
  run: (command: string, args: string[], more?: More) => Promise<void>;
};

type HandsInput = { user: AgentUser; signal: AbortSignal; limits?: ProcessLimits | undefined };

const stepDeadlineMs = 120_000;
const defaultMaxBytes = 64 * 1024;

export const handsIn = (root: string, { user, signal, limits }: HandsInput): Hands => {
  const attempt: Hands['attempt'] = (command, args, more = {}) =>
    runAsAgent(user, {
      command,
      args,
      cwd: root,
      limits,
      env: { ...environment, HOME: join(root, 'home'), ...more.env },
      deadlineMs: more.deadlineMs ?? stepDeadlineMs,
      maxBytes: more.maxBytes ?? defaultMaxBytes,
      signal: more.signal ?? signal,
      ...(more.stdin && { stdin: more.stdin }),
    });
  const run: Hands['run'] = async (command, args, more) => {
    const { code, stderr } = await attempt(command, args, more);
    if (code !== 0)
      throw new Error(`${command} in the agent's folder ended with ${code}: ${stderr.slice(0, 300)}`);
  };
  return { root, attempt, run };
};

const environment = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin',
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
};
