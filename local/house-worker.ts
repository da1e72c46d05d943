// The worker's task definition: what Fargate would start from the image, as a process of this machine.
import { fileURLToPath } from 'node:url';
import { registryNames } from '#core/registries.ts';
import type { WorkerEnv } from '#worker/env.ts';
import { arn } from './aws/names.ts';
import type { TaskDefinition } from './aws/run-task.ts';
import type { Surroundings } from './surroundings.ts';
import { awsEnvironment, databaseEnvironment, queueEnvironment } from './surroundings.ts';

export type WorkerPlace = {
  stateDir: string;
  runsDir: string;
  /** A run ends everything of its uid, and here all workers share one machine. */
  agentUids: { first: number; count: number };
  /** What starts the agent as one of them; undefined where the agent is the person who started the house. */
  guard: string | undefined;
  /** Where the agent's uid can run it. */
  claudeBinary: string;
  /** What starts a worker. */
  command: readonly string[];
  /** Beside what every worker gets. */
  environment: Record<string, string>;
  model: { name: string; baseUrl: string };
};

export const workerTaskDefinition = arn('ecs', 'task-definition/agent-bot-worker:1');
export const workerContainer = 'worker';
/** The cap, and some that have not quite ended yet. */
export const workersAtOnce = 6;

const root = fileURLToPath(new URL('..', import.meta.url));

export const houseWorker = (house: Surroundings, place: WorkerPlace): TaskDefinition => {
  // the launch gives the other two
  const environment: Omit<WorkerEnv, 'WORKER_ID' | 'LANE_ORDER'> = {
    ...queueEnvironment(house),
    DEAD_LETTER_QUEUE_URL: house.queueUrl('dead-letters.fifo'),
    ...databaseEnvironment(house),
    BUCKET: house.bucket,
    GITHUB_APP_SECRET_ID: house.secretIds.app,
    GITHUB_API_URL: house.github.apiUrl,
    GITHUB_URL: house.github.webUrl,
    MODEL_SECRET_ID: house.secretIds.model,
    MODEL_BASE_URL: place.model.baseUrl,
    MODEL: place.model.name,
    MAX_TURNS: '50',
    BUDGET_USD: '5',
    THREAD_DAY_USD: '20',
    USER_DAY_USD: '50',
    INSTALLATION_MONTH_USD: '500',
    MONTH_USD: '1000',
    IDLE_SECONDS: '60',
    STATE_DIR: place.stateDir,
    RUNS_DIR: place.runsDir,
    AGENT_UID_FIRST: String(place.agentUids.first),
    AGENT_UID_COUNT: String(place.agentUids.count),
    ...(place.guard !== undefined && { GUARD_BINARY: place.guard }),
    CLAUDE_BINARY: place.claudeBinary,
    SETUP_REGISTRIES: registryNames.join(','),
  };
  return {
    containers: {
      [workerContainer]: {
        command: place.command,
        environment: { ...awsEnvironment(house), ...environment, ...place.environment } as Record<
          string,
          string
        >, // its optional parts are given
        cwd: root,
      },
    },
    room: workersAtOnce,
  };
};
