// Other processes of this machine, as Linux tells of them.
import { readdir, readFile } from 'node:fs/promises';

/**
 * What /proc says of each process of a uid.
 * https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
 */
export const statusesOf = async (uid: number): Promise<string[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const statuses: string[] = [];
  for (const pid of pids) {
    const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => ''); // it ended in the meantime
    if (numberOf(status, 'Uid') === uid) statuses.push(status);
  }
  return statuses;
};

/** A zombie is dead; unless it is a process whose first thread has ended before the others. */
export const isAlive = async (uid: number): Promise<boolean> =>
  (await statusesOf(uid)).some((status) => !/^State:\s+Z/m.test(status) || numberOf(status, 'Threads') > 1);

export const numberOf = (status: string, key: string): number =>
  Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);

/** When a process started, in the kernel's own ticks: ids come round again, the pair does not. Empty when there is none. */
export const startOf = async (pid: number | 'self'): Promise<string> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // the second field is the command in parentheses and may hold anything; state is the first after it, start time the 20th
  const fields = stat.split(') ').at(-1)?.split(' ') ?? [];
  return fields[0] === 'Z' ? '' : (fields[19] ?? '');
};
