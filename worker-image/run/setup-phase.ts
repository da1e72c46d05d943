// The first phase of a run: the repository's own setup commands, as the agent and as confined as it, with the registries for a door.
import type { PolicyCommand } from '#core/policy.ts';
import type { Log } from '#core/ports/log.ts';
import type { SetupFailure } from '#core/task.ts';
import { printable } from '#core/text.ts';
import type { AgentLimits } from '#worker/sandbox/agent-limits.ts';
import type { AgentResult, AgentUser } from '#worker/sandbox/agent-user.ts';
import { runAsAgent } from '#worker/sandbox/agent-user.ts';
import type { Overuse } from '#worker/sandbox/watchdog.ts';
import { startWatchdog } from '#worker/sandbox/watchdog.ts';
import type { Workspace } from '#worker/sandbox/workspace.ts';

type SetupInput = {
  commands: readonly PolicyCommand[];
  workspace: Workspace;
  user: AgentUser;
  /** The agent's PATH. */
  path: string;
  /** What package managers are told. */
  env: Readonly<Record<string, string>>;
  /** The mirror is open to it. */
  hasDoor: boolean;
  limits: AgentLimits;
  /** The supervisor's folder on the disk whose free space is watched. */
  runsDir: string;
  signal: AbortSignal;
  log: Log;
};

const minute = 60_000;
/** All commands together. */
const maxSetupMs = 30 * minute;

/** The first command that fails ends it: what comes after would build on what is not there. */
export const runSetup = async (input: SetupInput): Promise<SetupFailure | undefined> => {
  const { commands, signal, log } = input;
  const until = performance.now() + maxSetupMs;
  for (const { run, minutes } of commands) {
    const startedAt = performance.now();
    const deadlineMs = Math.min(minutes * minute, until - startedAt);
    const ended = deadlineMs > 0 ? await runCommand(input, run, deadlineMs) : 'no time was left for it';
    signal.throwIfAborted();
    const what = typeof ended === 'string' ? ended : problemOf(ended, deadlineMs);
    log.info('setup command ended', { command: run, what, ms: Math.round(performance.now() - startedAt) });
    if (what) {
      return { command: run, what, output: typeof ended === 'string' ? '' : printable(ended.stderr.trim()) };
    }
  }
  return undefined;
};

type Ended = AgentResult & { overuse: Overuse | undefined };

const problemOf = ({ overuse, stopped, code }: Ended, deadlineMs: number): string | undefined => {
  if (overuse) return `it was ended: ${overuse.detail}`;
  if (stopped) return `it was not done after ${Math.round(deadlineMs / minute)} minutes`;
  if (code === null) return 'it was killed';
  return code === 0 ? undefined : `it ended with ${code}`;
};

const runCommand = async (input: SetupInput, line: string, deadlineMs: number): Promise<Ended> => {
  const { user, limits, workspace, runsDir, signal, log } = input;
  const tooMuch = new AbortController();
  let overuse: Overuse | undefined;
  const stopWatching = startWatchdog({ user, limits, folder: runsDir, log }, (seen) => {
    overuse = seen;
    tooMuch.abort();
  });
  try {
    const result = await runAsAgent(user, {
      command: 'sh',
      args: ['-c', 'exec sh -c "$1" >&2', 'sh', line], // of standard error the end is kept, as much as there may be
      cwd: workspace.repository,
      env: { ...environmentOf(input), ...input.env },
      limits,
      maxBytes: 0,
      isNetworked: true,
      isAlone: !input.hasDoor,
      deadlineMs,
      signal: AbortSignal.any([signal, tooMuch.signal]),
    });
    return { ...result, overuse };
  } finally {
    stopWatching();
  }
};

/** All that the commands get to see. */
const environmentOf = ({ path, workspace }: SetupInput): Record<string, string> => ({
  PATH: path,
  HOME: workspace.home,
  TMPDIR: workspace.tmp,
  LANG: 'C.UTF-8',
  CI: 'true', // nobody is there who could answer
  GIT_TERMINAL_PROMPT: '0',
});
