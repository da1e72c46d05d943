// The worker put together from its configuration: every adapter is made here, once.
import { pollingSqsClient, s3Client, secretsManagerClient, sqsClient } from '#core/aws/clients.ts';
import { createBlobs } from '#core/aws/s3.ts';
import { createSecretReader } from '#core/aws/secrets-manager.ts';
import { createQueueReceiver, createQueueSender } from '#core/aws/sqs.ts';
import { malformed, queueNameOf, toDeadLetter } from '#core/dead-letter.ts';
import { createGithubAppSource } from '#core/platforms/github/app-secret.ts';
import type { SpendCaps } from '#core/money.ts';
import type { Log } from '#core/ports/log.ts';
import { redactBlobs } from '#core/redact-blobs.ts';
import { redactPort } from '#core/redact-port.ts';
import type { Redactor } from '#core/redact.ts';
import type { Lane } from '#core/task.ts';
import type { Database } from '#db/database.ts';
import { listen } from '#db/notices.ts';
import { createPublished } from '#db/published.ts';
import type { Runs } from '#db/runs.ts';
import { createRuns } from '#db/runs.ts';
import { createSessions } from '#db/sessions.ts';
import type { Spend } from '#db/spend.ts';
import { createSpend } from '#db/spend.ts';
import type { Tasks } from '#db/tasks.ts';
import { createTasks } from '#db/tasks.ts';
import { createWorkers } from '#db/workers.ts';
import { createUpstream, modelChoice } from '#worker/gateway/upstream.ts';
import { jobPatienceMs, patient } from '#worker/lease/patience.ts';
import type { AgentConfig, RunBooks } from '#worker/run/run-agent.ts';
import { createRunAgent } from '#worker/run/run-agent.ts';
import type { LeaseUser } from '#worker/sandbox/agents.ts';
import { createGithubAccess } from '#worker/steps/github-access.ts';
import { createOpenSteps } from '#worker/steps/steps.ts';
import type { JobTools } from './do-job.ts';
import type { WorkerConfig } from './env.ts';
import type { JobStore } from './handle-task.ts';
import { createHandleTask } from './handle-task.ts';
import { createJobLog } from './job-log.ts';
import type { Received } from './receive.ts';
import { createWork } from './work.ts';

export type WorkerInput = {
  config: WorkerConfig;
  db: Database;
  leaseUser: LeaseUser;
  /** The agent's PATH. */
  path: string;
  /** For an S3-speaking server without a name per bucket. */
  pathStyle: boolean;
  log: Log;
  redactor: Redactor;
  /** Sees every port as it is made, by name: a test may put something around it. */
  tap?: Tap;
  /** Instead of the beats of core/job.ts. */
  heartbeatEvery?: JobTools['heartbeatEvery'];
};

export type Tap = <P extends object>(name: string, port: P) => P;

export const buildWorker = (input: WorkerInput) => {
  const { config, db, pathStyle, redactor, heartbeatEvery, tap = (_, port) => port } = input;
  const { log, about } = createJobLog(input.log);
  const secrets = createSecretReader(secretsManagerClient(), redactor);
  const tasks = tap('tasks', redactPort(createTasks(db), redactor));
  const spend = tap('spend', createSpend(db));
  const openAccess = createGithubAccess({
    source: createGithubAppSource({
      reader: secrets,
      secretId: config.GITHUB_APP_SECRET_ID,
      apiUrl: config.GITHUB_API_URL,
      redactor,
    }),
    githubUrl: config.GITHUB_URL,
    log,
  });
  const store = patientStore(tasks, log);
  const openSteps = createOpenSteps({
    stored: store.get,
    blobs: tap('blobs', redactBlobs(createBlobs(s3Client({ pathStyle }), config.BUCKET), redactor)),
    runAgent: createRunAgent({
      config: agentConfig(input, secrets),
      books: patientBooks(tap('runs', redactPort(createRuns(db), redactor)), spend, log),
      log,
    }),
    memory: tap('sessions', createSessions(db)),
    money: {
      reserve: (run) => spend.reserve({ ...run, caps: capsOf(config) }),
      spent: patient(spend.totalOfTask, { forMs: jobPatienceMs, log }),
    },
    published: createPublished(db),
    redactor,
    log,
    budgetUsd: config.BUDGET_USD,
    models: modelChoice(config),
    stateDir: config.STATE_DIR,
  });
  const workers = tap('workers', createWorkers(db));
  return createWork({
    workerId: config.WORKER_ID,
    laneOrder: config.LANE_ORDER,
    idleMs: config.IDLE_SECONDS * 1_000,
    queues: queuesOf(config, tap),
    putAside: createPutAside(config, redactor),
    // a beat is not repeated: the next one comes, and the job's end waits for the one under way
    tasks: { ...tasks, ...store, renew: tasks.renew },
    workers: { beat: patient(workers.beat, { forMs: config.IDLE_SECONDS * 1_000, log }) },
    handleTask: createHandleTask({
      store,
      openAccess: async (task) => tap('github', await openAccess(task)),
      openSteps: async (steps) => tap('steps', await openSteps(steps)),
      log,
    }),
    listen: (onNotice) => listen(config, { onNotice, log }),
    log,
    ...(heartbeatEvery && { heartbeatEvery }),
    about,
  });
};

const agentConfig = (
  { config, leaseUser, path, redactor }: WorkerInput,
  secrets: ReturnType<typeof createSecretReader>,
): AgentConfig => ({
  leaseUser,
  path,
  stateDir: config.STATE_DIR,
  runsDir: config.RUNS_DIR,
  binary: config.CLAUDE_BINARY,
  ...modelChoice(config),
  maxTurns: config.MAX_TURNS,
  network: { setupRegistries: config.SETUP_REGISTRIES, openHosts: config.OPEN_HOSTS },
  redactor,
  upstream: createUpstream(config, secrets),
});

/** The verbs of a running job wait while Postgres is away. */
const patientStore = (tasks: Tasks, log: Log) => {
  const wait = <V extends (...args: never[]) => Promise<unknown>>(verb: V) =>
    patient(verb, { forMs: jobPatienceMs, log });
  return {
    renew: wait(tasks.renew),
    advance: wait(tasks.advance),
    finish: wait(tasks.finish),
    wait: wait(tasks.wait),
    nextOpen: wait(tasks.nextOpen),
    get: wait(tasks.get),
  } satisfies JobStore & Pick<Tasks, 'nextOpen' | 'get'>;
};

/** A run that is paid for is counted and kept, however long Postgres is away. A note may be lost: the next one says more. */
const patientBooks = (runs: Runs, spend: Spend, log: Log): RunBooks => ({
  start: runs.start,
  finish: patient(runs.finish, { forMs: jobPatienceMs, log }),
  settle: patient(spend.settle, { forMs: jobPatienceMs, log }),
  note: spend.note,
});

const capsOf = (config: WorkerConfig): SpendCaps => ({
  task: config.BUDGET_USD,
  thread_day: config.THREAD_DAY_USD,
  user_day: config.USER_DAY_USD,
  installation_month: config.INSTALLATION_MONTH_USD,
  all_month: config.MONTH_USD,
});

const queuesOf = (config: WorkerConfig, tap: Tap) => {
  const client = pollingSqsClient();
  const urls = laneUrls(config);
  const queue = (url: string) =>
    tap('queue', { ...createQueueReceiver(client, url), ...createQueueSender(client, url) });
  return { high: queue(urls.high), normal: queue(urls.normal), low: queue(urls.low) };
};

const laneUrls = (config: WorkerConfig): { [L in Lane]: string } => ({
  high: config.HIGH_QUEUE_URL,
  normal: config.NORMAL_QUEUE_URL,
  low: config.LOW_QUEUE_URL,
});

const createPutAside = (config: WorkerConfig, redactor: Redactor) => {
  const deadLetters = redactPort(createQueueSender(sqsClient(), config.DEAD_LETTER_QUEUE_URL), redactor);
  return async ({ lane, message }: Received): Promise<void> => {
    const queue = queueNameOf(laneUrls(config)[lane]);
    await deadLetters.send(toDeadLetter({ ...message, queue, reason: malformed }));
  };
};
