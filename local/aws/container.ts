// One container as a process of its own: what Fargate would start from the image.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

export type ContainerDefinition = {
  command: readonly string[];
  environment: Record<string, string>;
  cwd: string;
};

/** An exit code as docker counts: 128 + n for signal n. */
export type ContainerEnd = { kind: 'exited'; exitCode: number } | { kind: 'not_started'; reason: string };

export type Container = {
  /** undefined when it could not be started. */
  pid: number | undefined;
  ended: Promise<ContainerEnd>;
  /** SIGTERM to the first process, SIGKILL to all of them after the time; resolves when it has ended. */
  stop: (timeoutMs: number) => Promise<void>;
};

type Options = ContainerDefinition & { onLog: (line: string) => void };

/** The environment is exactly the given one; the process leads its own group, so that all of it can be ended. */
export const startContainer = ({ command, environment, cwd, onLog }: Options): Container => {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    cwd,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', onLog);
  const ended = endOf(child);
  return {
    pid: child.pid,
    ended,
    stop: async (timeoutMs) => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => killGroup(child), timeoutMs);
      await ended;
      clearTimeout(timer);
    },
  };
};

const endOf = (child: ChildProcess) =>
  new Promise<ContainerEnd>((resolve) => {
    const closed = new Promise((done) => child.once('close', done));
    child.once('error', (error) => resolve({ kind: 'not_started', reason: error.message }));
    child.once('exit', async (code, signal) => {
      killGroup(child); // a container ends with its first process
      // its last lines; a grandchild that left the group may hold the pipe for ever
      await Promise.race([closed, wait(500, undefined, { ref: false })]);
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve({ kind: 'exited', exitCode: code ?? 128 + constants.signals[signal ?? 'SIGKILL'] });
    });
  });

const killGroup = ({ pid }: ChildProcess) => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // nothing is left of it
  }
};
