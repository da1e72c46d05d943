import { rmSync } from 'node:fs';
import { killAllOf } from '#worker/sandbox/kill-agent.ts';
import type { WorkerPlace } from './house-worker.ts';

type Place = Pick<WorkerPlace, 'stateDir' | 'runsDir' | 'agentUids' | 'guard'>;

/** What workers of a house that was killed left: their folders, and whatever of their agents' uids still runs. */
export const sweep = async ({ stateDir, runsDir, agentUids, guard }: Place): Promise<void> => {
  if (guard !== undefined) {
    for (const uid of uidsOf(agentUids)) await killAllOf({ uid, gid: uid, guard });
  }
  for (const folder of [stateDir, runsDir]) rmSync(folder, { recursive: true, force: true });
};

const uidsOf = ({ first, count }: WorkerPlace['agentUids']) =>
  Array.from({ length: count }, (_, offset) => first + offset);
