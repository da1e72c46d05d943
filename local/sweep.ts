import { rmSync } from 'node:fs';
import { killAllOf } from '#worker/kill-agent.ts';
import type { WorkerPlace } from './house-worker.ts';

type Place = Pick<WorkerPlace, 'stateDir' | 'runsDir' | 'agentUids' | 'guard'>;

/** What workers of a house that was killed left: their folders, and whatever of their agents' uids still runs. */
export const sweep = async ({ stateDir, runsDir, agentUids, guard }: Place): Promise<void> => {
  for (let slot = 0; guard !== undefined && slot < agentUids.count; slot += 1) {
    const uid = agentUids.first + slot;
    await killAllOf({ uid, gid: uid, guard });
  }
  for (const folder of [stateDir, runsDir]) rmSync(folder, { recursive: true, force: true });
};
