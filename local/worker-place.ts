// Where the workers of a house live on this machine, and what they start the agent with.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { localClaudeBinary } from '#worker/claude/binary.ts';
import type { HouseOptions } from './house.ts';
import type { WorkerPlace } from './house-worker.ts';
import { workersAtOnce } from './house-worker.ts';
import { folderInReach, programInReach } from './reach.ts';

type Started = { model: { url: string }; guard: string | undefined };

/** Beyond what runs at once: a worker that was killed leaves its uid taken until the next one clears it. */
const uidsOfAHouse = 2 * workersAtOnce;

export const workerPlace = (
  { stateDir, instead = {} }: Pick<HouseOptions, 'stateDir' | 'instead'>,
  { model, guard }: Started,
): WorkerPlace => {
  const place = folderInReach(stateDir);
  const { claudeBinary, worker } = instead;
  return {
    stateDir: join(place, 'worker'),
    runsDir: join(place, 'runs'),
    // other uids for every state folder: houses beside each other do not end each other's agents
    agentUids: {
      first: 80_000 + uidsOfAHouse * (createHash('sha256').update(stateDir).digest().readUInt16BE(0) % 4_000),
      count: uidsOfAHouse,
    },
    guard,
    claudeBinary: claudeBinary ?? programInReach(localClaudeBinary(), place),
    command: worker?.command ?? [
      programInReach(process.execPath, place),
      ...(worker?.program ?? ['worker-image/main.ts']),
    ],
    environment: worker?.environment ?? {},
    model: { name: 'claude-opus-5-5', baseUrl: model.url },
  };
};
