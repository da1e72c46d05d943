import { rmSync } from 'node:fs';
import { agentUser } from '#worker/agent-user.ts';
import { killAgent } from '#worker/kill-agent.ts';

type Place = { stateDir: string; runsDir: string; agentUid: number };

/** What workers of a house that was killed left: their folders, and whatever of the agent's uid still runs. */
export const sweep = async ({ stateDir, runsDir, agentUid }: Place): Promise<void> => {
  const user = agentUser({ uid: agentUid, isRoot: process.getuid?.() === 0, platform: process.platform });
  if (user.kind === 'separate') await killAgent(user, 0);
  for (const folder of [stateDir, runsDir]) rmSync(folder, { recursive: true, force: true });
};
