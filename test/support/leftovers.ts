// What a run may not leave on the machine: processes of the agent's uids, folders, leases of uids, sockets.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkerPlace } from '#local/house-worker.ts';

type Place = Pick<WorkerPlace, 'stateDir' | 'runsDir' | 'agentUids'>;

export const foldersOf = ({ stateDir, runsDir }: Place): string[] => [
  ...within(stateDir).filter((path) => !path.endsWith('/bare') && !path.endsWith('/uids')),
  ...within(join(stateDir, 'bare')),
  ...within(join(stateDir, 'uids')).filter((path) => /\/\d+$/.test(path)), // those that are leased
  ...within(runsDir),
];

const within = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];

/** Those of the agent's uids that are no zombies; as another user than root no uid tells whose a process is. */
export const agentProcesses = ({ agentUids: { first, count } }: Place): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && process.getuid?.() === 0)
    .flatMap((pid) => {
      const status = readIfThere(`/proc/${pid}/status`);
      const uid = Number(/^Uid:\t(\d+)/m.exec(status)?.[1]);
      const isOurs = uid >= first && uid < first + count && !/^State:\tZ/m.test(status);
      return isOurs ? [`${pid} ${readIfThere(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`] : [];
    });

export const readIfThere = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
};
