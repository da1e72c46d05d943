// The end of everything that the agent left running.
import { sendSignal } from './agent-process.ts';
import type { AgentUser } from './agent-user.ts';
import { runAsAgent } from './agent-user.ts';

const killDeadlineMs = 10_000;

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
