// What a run may not leave on the machine: processes of the agent's uids, folders, sockets.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkerPlace } from '#local/house-worker.ts';
import { workersAtOnce } from '#local/house-worker.ts';

export const leftoversIn = (place: WorkerPlace): string[] => [
  ...processesOf(place),
  ...within(place.runsDir),
  ...within(join(place.stateDir, 'bare')),
  ...within(place.stateDir).filter((path) => !path.endsWith('/bare')),
];

const within = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];

/** Those that are no zombies. */
const processesOf = ({ agentUid }: WorkerPlace): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const status = readIfThere(`/proc/${pid}/status`);
      const uid = Number(/^Uid:\t(\d+)/m.exec(status)?.[1] ?? 0);
      const isOurs = uid >= agentUid && uid < agentUid + workersAtOnce && !/^State:\tZ/m.test(status);
      return isOurs ? [`${pid} ${readIfThere(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`] : [];
    });

const readIfThere = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
};
