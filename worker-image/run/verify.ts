// The policy's `verify` commands on the finished change, run as the agent. The patch was taken before: whatever they do to the
// files is published by nobody. What they say is information: a hostile change can fake its own tests.
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { PolicyCommand } from '#core/policy.ts';
import type { Check } from '#core/task.ts';
import { printable } from '#core/text.ts';
import type { AgentLimits } from '#worker/sandbox/agent-limits.ts';
import type { AgentUser } from '#worker/sandbox/agent-user.ts';
import { runAsAgent } from '#worker/sandbox/agent-user.ts';
import { killAgent } from '#worker/sandbox/kill-agent.ts';
import type { Workspace } from '#worker/sandbox/workspace.ts';

export type VerifyInput = {
  user: AgentUser;
  workspace: Pick<Workspace, 'home' | 'repository'>;
  commands: readonly PolicyCommand[];
  /** The agent's PATH. */
  path: string;
  /** Where package managers keep what the setup installed. */
  env?: Readonly<Record<string, string>>;
  limits?: AgentLimits | undefined;
  signal: AbortSignal;
  /** For all commands together. */
  deadlineMs?: number;
};

const maxTailBytes = 4096;
const defaultDeadlineMs = 60 * 60_000;

/** Never throws for what a command does; after an abort the rest is not run. */
export const verify = async (input: VerifyInput): Promise<Check[]> => {
  const endsAt = performance.now() + (input.deadlineMs ?? defaultDeadlineMs);
  const checks: Check[] = [];
  for (const command of input.commands) {
    const leftMs = endsAt - performance.now();
    const isOver = input.signal.aborted || leftMs <= 0;
    checks.push(isOver ? notRun(command) : await check(input, command, leftMs));
  }
  return checks;
};

export const notRun = ({ run }: PolicyCommand): Check => ({
  command: run,
  status: 'not_run',
  durationMs: 0,
  tail: '',
});

/** In a HOME that nobody has written in, with nothing beside it: what the agent or a command left running is ended. */
const check = async (input: VerifyInput, command: PolicyCommand, leftMs: number): Promise<Check> => {
  const { user, workspace, signal, limits } = input;
  await endAll(user);
  const startedAt = performance.now();
  const place = join(dirname(workspace.home), `verify-${randomUUID()}`);
  const { code, stderr, stopped } = await runAsAgent(user, {
    command: 'sh',
    // the end of what it says is kept of stderr only
    args: ['-c', 'mkdir -m 700 -- "$HOME" "$TMPDIR" && exec sh -c "$1" >&2', 'sh', command.run],
    cwd: workspace.repository,
    env: { ...input.env, ...environment, PATH: input.path, HOME: place, TMPDIR: `${place}-tmp` },
    limits,
    maxBytes: 0,
    isNetworked: true,
    isAlone: true,
    deadlineMs: Math.min(command.minutes * 60_000, leftMs),
    signal,
  });
  await endAll(user);
  if (stopped === 'aborted') return notRun(command);
  const status = stopped === 'timed_out' ? 'timed_out' : code === 0 ? 'passed' : 'failed';
  return {
    command: command.run,
    status,
    durationMs: Math.round(performance.now() - startedAt),
    tail: status === 'passed' ? '' : tailOf(stderr),
  };
};

/** As the same user nobody can tell its processes from the person's. */
const endAll = async (user: AgentUser): Promise<void> => {
  if (user.kind === 'separate') await killAgent(user, 0);
};

const tailOf = (text: string): string =>
  Buffer.from(printable(stripVTControlCharacters(text)).trim())
    .subarray(-maxTailBytes)
    .toString('utf8');

const environment = {
  LANG: 'C.UTF-8',
  CI: 'true', // nobody is there to be asked, and nothing is watched
  GIT_TERMINAL_PROMPT: '0',
};
