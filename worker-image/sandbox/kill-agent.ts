// The end of everything that the agent left running.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { sendSignal } from './agent-process.ts';
import type { AgentUser } from './agent-user.ts';
import { idsOf } from './agent-user.ts';

const killDeadlineMs = 10_000;

/**
 * Ends what the agent left running. With a uid of its own: everything of that uid, whatever session, group or parent
 * it has; so the uid must be nobody else's. As the same user only the process group of `pid` can be named: what
 * called setsid (the CLI's Bash tool does, and any daemon) lives on.
 */
export const killAgent = async (user: AgentUser, pid: number): Promise<void> => {
  if (user.kind === 'same') return sendSignal(-pid, 'SIGKILL');
  await killAllOf(user);
};

/** Throws when one of them would not end. */
export const killAllOf = async (user: { uid: number; gid: number; guard: string }): Promise<void> => {
  const options = { cwd: '/', env: {}, timeout: killDeadlineMs, killSignal: 'SIGKILL' } as const;
  try {
    await promisify(execFile)(user.guard, ['--kill', ...idsOf(user)], options);
  } catch (error) {
    throw new Error(`processes of uid ${user.uid} could not be ended`, { cause: error });
  }
};
