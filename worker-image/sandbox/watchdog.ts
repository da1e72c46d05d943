// Looks at what no limit of the kernel covers: the memory of all the agent's processes together, and the disk.
import { statfs } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '#core/ports/log.ts';
import type { AgentLimits } from './agent-limits.ts';
import type { AgentUser } from './agent-user.ts';
import { numberOf, statusesOf } from './processes.ts';

export type Overuse = { failure: 'out_of_memory' | 'disk_full'; detail: string };

export type Watched = {
  user: AgentUser;
  /** On the disk that the agent writes to; the supervisor's own folder. */
  folder: string;
  limits: Pick<AgentLimits, 'memoryBytes' | 'freeDiskBytes'>;
  everyMs?: number | undefined;
  log: Log;
};

const defaultEveryMs = 300;

/** Calls once, on the first thing that is too much. What it gives stops it. */
export const startWatchdog = (watched: Watched, onOveruse: (overuse: Overuse) => void): (() => void) => {
  const closed = new AbortController();
  const { everyMs = defaultEveryMs, log } = watched;
  const watch = async () => {
    while (!closed.signal.aborted) {
      const overuse = await look(watched);
      if (closed.signal.aborted) return;
      if (overuse) return onOveruse(overuse);
      await wait(everyMs, undefined, { signal: closed.signal }).catch(() => {}); // closed in the meantime
    }
  };
  watch().catch((error: unknown) => log.error('the watchdog ended', { error: String(error) }));
  return () => closed.abort();
};

const look = async ({ user, folder, limits }: Watched): Promise<Overuse | undefined> => {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < limits.freeDiskBytes) {
    return {
      failure: 'disk_full',
      detail: `less than ${inMegabytes(limits.freeDiskBytes)} were left on the disk`,
    };
  }
  // as the same user nothing tells the agent's processes from the person's own: the limit of each process has to do
  if (user.kind === 'same' || (await memoryOf(user.uid)) <= limits.memoryBytes) return undefined;
  return {
    failure: 'out_of_memory',
    detail: `the agent’s processes took more than ${inMegabytes(limits.memoryBytes)} together`,
  };
};

const inMegabytes = (bytes: number) => `${Math.floor(bytes / 1024 / 1024)} MB`;

/** Without pages of files, which the kernel can drop and which several processes share. */
const memoryOf = async (uid: number): Promise<number> => {
  let kilobytes = 0;
  for (const status of await statusesOf(uid))
    kilobytes += numberOf(status, 'RssAnon') + numberOf(status, 'RssShmem');
  return kilobytes * 1024;
};
