import { rmSync } from 'node:fs';
import { agentUser } from '#worker/agent-user.ts';
import { killAgent } from '#worker/kill-agent.ts';
import { workersAtOnce } from './house-worker.ts';

type Place = { stateDir: string; runsDir: string; agentUid: number };

/** What workers of a house that was killed left: their folders, and whatever of their agents' uids still runs. */
export const sweep = async ({ stateDir, runsDir, agentUid }: Place): Promise<void> => {
  const isRoot = process.getuid?.() === 0;
  const kill = async (slot: number) => {
    const user = agentUser({ uid: agentUid + slot, isRoot, platform: process.platform });
    if (user.kind === 'separate') await killAgent(user, 0);
  };
  await Promise.all(Array.from({ length: workersAtOnce }, (_, slot) => kill(slot)));
  for (const folder of [stateDir, runsDir]) rmSync(folder, { recursive: true, force: true });
};
