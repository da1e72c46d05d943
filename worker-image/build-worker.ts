// The worker put together from its configuration: every adapter is made here, once.
import { pollingSqsClient, s3Client, secretsManagerClient, sqsClient } from '#core/aws/clients.ts';
import { createBlobs } from '#core/aws/s3.ts';
import { createSecretReader } from '#core/aws/secrets-manager.ts';
import { createQueueReceiver, createQueueSender } from '#core/aws/sqs.ts';
import { malformed, queueNameOf, toDeadLetter } from '#core/dead-letter.ts';
import { createGithubAppSource, githubAppSecretSchema } from '#core/platforms/github/app-secret.ts';
import { markerKeyOf } from '#core/platforms/github/marker.ts';
import type { Log } from '#core/ports/log.ts';
import type { SecretReader } from '#core/ports/secrets.ts';
import type { Lane } from '#core/task.ts';
import type { Database } from '#db/database.ts';
import { createRuns } from '#db/runs.ts';
import { createSpend } from '#db/spend.ts';
import { createTasks } from '#db/tasks.ts';
import { createWorkers } from '#db/workers.ts';
import * as z from 'zod';
import type { AgentUser } from './agent-user.ts';
import type { WorkerConfig } from './env.ts';
import type { GithubSource } from './github-access.ts';
import { createGithubAccess } from './github-access.ts';
import { createHandleTask } from './handle-task.ts';
import type { Received } from './receive.ts';
import { createRunAgent } from './run-agent.ts';
import { createOpenSteps } from './steps.ts';
import { createWork } from './work.ts';

export type WorkerInput = {
  config: WorkerConfig;
  db: Database;
  user: AgentUser;
  /** The agent's PATH. */
  path: string;
  /** For an S3-speaking server without a name per bucket. */
  pathStyle: boolean;
  log: Log;
};

const modelSecretSchema = z.object({ apiKey: z.string().min(1) });

export const buildWorker = ({ config, db, user, path, pathStyle, log }: WorkerInput) => {
  const secrets = createSecretReader(secretsManagerClient());
  const tasks = createTasks(db);
  const runs = createRuns(db);
  const spend = createSpend(db);
  const stateDir = config.STATE_DIR;
  const runAgent = createRunAgent({
    config: {
      user,
      path,
      stateDir,
      runsDir: config.RUNS_DIR,
      binary: config.CLAUDE_BINARY,
      model: config.MODEL,
      maxTurns: config.MAX_TURNS,
      budgetUsd: config.BUDGET_USD,
      upstream: async () => {
        const { apiKey } = modelSecretSchema.parse(await secrets.read(config.MODEL_SECRET_ID));
        return { baseUrl: config.MODEL_BASE_URL, apiKey };
      },
    },
    books: { start: runs.start, finish: runs.finish, settle: spend.settle },
    log,
  });
  const blobs = createBlobs(s3Client({ pathStyle }), config.BUCKET);
  const handleTask = createHandleTask({
    store: tasks,
    openAccess: createGithubAccess({
      source: githubSource(config, secrets),
      githubUrl: config.GITHUB_URL,
      log,
    }),
    openSteps: createOpenSteps({ blobs, runAgent, stateDir }),
  });
  return createWork({
    workerId: config.WORKER_ID,
    laneOrder: config.LANE_ORDER,
    idleMs: config.IDLE_SECONDS * 1_000,
    queues: queuesOf(config),
    putAside: createPutAside(config),
    tasks,
    workers: createWorkers(db),
    handleTask,
    log,
  });
};

const githubSource = (config: WorkerConfig, reader: SecretReader): GithubSource => {
  const secretId = config.GITHUB_APP_SECRET_ID;
  const appNow = createGithubAppSource({ reader, secretId, apiUrl: config.GITHUB_API_URL });
  return async () => {
    const { privateKey } = githubAppSecretSchema.parse(await reader.read(secretId));
    return { app: await appNow(), markerKey: markerKeyOf(privateKey) };
  };
};

const queuesOf = (config: WorkerConfig) => {
  const client = pollingSqsClient();
  const urls = laneUrls(config);
  const queue = (url: string) => ({ ...createQueueReceiver(client, url), ...createQueueSender(client, url) });
  return { high: queue(urls.high), normal: queue(urls.normal), low: queue(urls.low) };
};

const laneUrls = (config: WorkerConfig): { [L in Lane]: string } => ({
  high: config.HIGH_QUEUE_URL,
  normal: config.NORMAL_QUEUE_URL,
  low: config.LOW_QUEUE_URL,
});

const createPutAside = (config: WorkerConfig) => {
  const deadLetters = createQueueSender(sqsClient(), config.DEAD_LETTER_QUEUE_URL);
  return async ({ lane, message }: Received): Promise<void> => {
    const queue = queueNameOf(laneUrls(config)[lane]);
    await deadLetters.send(toDeadLetter({ ...message, queue, reason: malformed }));
  };
};
