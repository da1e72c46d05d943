// The whole house on one machine: every part real or speaking the real protocol, joined as the stack joins them.
import { join } from 'node:path';
import { visibilitySeconds } from '#core/job.ts';
import { routes } from '#functions/routes.ts';
import { startEcs } from './aws/ecs.ts';
import { startTaskStoppedRule } from './aws/event-rule.ts';
import { startEventSource } from './aws/event-source.ts';
import { startFunctions } from './aws/functions.ts';
import { startHttpApi } from './aws/http-api.ts';
import type { Invoke } from './aws/invocation.ts';
import { startQueues } from './aws/queues.ts';
import { startSchedule } from './aws/schedule.ts';
import { startSecretsManager } from './aws/secrets-manager.ts';
import type { Faults } from './faults.ts';
import { appRoleOf, withFreshDatabase } from './fresh-database.ts';
import { createDemoRepository } from './github/demo.ts';
import type { GithubTwin } from './github/twin.ts';
import { startGithubTwin } from './github/twin.ts';
import { guardBinary } from './guard-binary.ts';
import { houseFunctions } from './house-functions.ts';
import { putSecrets, randomSecret, secretIds } from './house-secrets.ts';
import { houseWorker, workerTaskDefinition } from './house-worker.ts';
import type { Journal } from './journal.ts';
import type { Script } from './model/conversation.ts';
import { startScriptedModel } from './model/scripted-model.ts';
import type { Parts, Started } from './parts.ts';
import { createParts } from './parts.ts';
import type { LocalPostgres } from './postgres.ts';
import { sweep } from './sweep.ts';
import type { Surroundings } from './surroundings.ts';
import { workerPlace } from './worker-place.ts';

export type HouseOptions = {
  stateDir: string;
  startPostgres: () => Promise<LocalPostgres>;
  /** The real API's key; the scripted model when left out. */
  modelApiKey?: string;
  journal: Journal;
  faults: Faults;
  onStarted: (part: Started) => void;
  /** A process that leads its own group, to be ended should this house be killed. */
  onProcess: (pid: number) => void;
  onLog: (source: string, line: string) => void;
  instead?: Instead;
};

/** What a test puts in the place of what `npm start` has. */
export type Instead = {
  startQueues?: typeof startQueues;
  claudeBinary?: string;
  /** What the scripted model thinks. */
  script?: Script;
  /** What starts a worker, and what it gets beside its environment. */
  worker?: { command?: readonly string[]; program?: readonly string[]; environment: Record<string, string> };
  /** Nothing ticks by itself: the test calls reconcile and sweep. */
  isTimeless?: boolean;
};

export type House = Awaited<ReturnType<typeof startHouse>>;

const bucket = 'agent-bot';
const dlq = 'dead-letters.fifo';
const lane = (name: string) => ({ name: `tasks-${name}.fifo`, visibilitySeconds, dlq });
const queueDefinitions = [
  // six times the function's time-out, as AWS advises for an event source
  { name: dlq, visibilitySeconds: 180 },
  { name: 'inbox.fifo', visibilitySeconds: 180, dlq },
  lane('high'),
  lane('normal'),
  lane('low'),
];

const eventSources = [
  ['inbox', 'triage'],
  ['dead-letters', 'dead-letters'],
] as const;

/** Resolves when a webhook can come. What had been started is ended when something cannot. */
export const startHouse = async (options: HouseOptions) => {
  const parts = createParts(options.onStarted);
  try {
    const stores = await startStores(parts, options);
    const compute = await startCompute(parts, options, stores);
    const { github } = stores;
    const demo = await createDemoRepository(github);
    github.hook.url = `${compute.api.url}/webhooks/github`;
    const { installationId, delivered } = github.install({
      account: demo.owner,
      repositories: [demo.repository],
      login: demo.owner,
    });
    await delivered;
    // the first call of each function is a slow one: better now, to its end, than in the middle of somebody's request
    await options.journal.waitFor(
      ({ twin, call, status }) => twin === 'event-source' && call === 'triage' && status === 200,
      60_000, // a busy machine
    );
    return { ...stores, ...compute, demo, installationId, close: parts.close };
  } catch (error) {
    await parts.close().catch(() => {}); // the first error is the one to tell
    throw error;
  }
};

/** What keeps something, and the twins of what is elsewhere. */
const startStores = async (parts: Parts, options: HouseOptions) => {
  const { stateDir, journal, faults } = options;
  const webhookSecret = randomSecret();
  const modelKey = options.modelApiKey ?? randomSecret();
  const [postgres, queues, secrets, github, model, guard] = await Promise.all([
    parts.start(
      'Postgres',
      async () => withFreshDatabase(await options.startPostgres()),
      ({ host, port }) => `${host}:${port}`,
    ),
    parts.start(
      'SQS FIFO and S3',
      () => startHouseQueues(options),
      ({ url }) => url,
    ),
    parts.start(
      'Secrets Manager',
      () => startSecretsManager({ journal, faults }),
      ({ url }) => url,
    ),
    parts.start(
      'GitHub twin and git',
      () =>
        startGithubTwin({
          host: '127.0.0.1',
          dataDir: join(stateDir, 'github'),
          webhookSecret,
          journal,
          faults,
        }),
      ({ webUrl }) => webUrl,
    ),
    options.modelApiKey === undefined
      ? startModel(parts, options, modelKey)
      : { url: 'https://api.anthropic.com' },
    guardBinary(),
  ]);
  await putSecrets(secrets.url, {
    webhook: { current: webhookSecret },
    app: { appId: String(github.app.id), privateKey: github.app.privateKey },
    model: { apiKey: modelKey },
    master: { username: postgres.master.user, password: postgres.master.password },
  });
  return {
    postgres,
    queues,
    secrets,
    github,
    model,
    guard,
    surroundings: toSurroundings({ postgres, queues, secrets, github }),
  };
};

const startModel = (parts: Parts, { journal, faults, instead }: HouseOptions, apiKey: string) =>
  parts.start(
    'scripted model',
    () => startScriptedModel({ journal, faults, apiKey, ...(instead?.script && { script: instead.script }) }),
    ({ url }) => url,
  );

const startHouseQueues = ({ stateDir, journal, faults, instead }: HouseOptions) => {
  const start = instead?.startQueues ?? startQueues;
  return start({ journal, faults, queues: queueDefinitions, bucket, dataDir: join(stateDir, 's3') });
};

type Twins = {
  postgres: LocalPostgres;
  queues: Awaited<ReturnType<typeof startQueues>>;
  secrets: { url: string };
  github: GithubTwin;
};

const toSurroundings = ({ postgres, queues, secrets, github }: Twins): Surroundings => ({
  mention: '@agent',
  endpoints: { ...queues.endpoints, secrets: secrets.url },
  queueUrl: (name) => urlOf(queues.queueUrls, name),
  bucket,
  secretIds,
  database: {
    host: postgres.host,
    port: postgres.port,
    name: postgres.database,
    appUser: appRoleOf(postgres.database),
    appPassword: randomSecret(),
  },
  github: { apiUrl: github.apiUrl, webUrl: github.webUrl },
});

type Stores = Awaited<ReturnType<typeof startStores>>;

/** What runs our code: the functions with what drives them, and the workers. */
const startCompute = async (parts: Parts, options: HouseOptions, stores: Stores) => {
  const { journal, faults, onLog } = options;
  const { queues, surroundings } = stores;
  const place = workerPlace(options, stores);
  await sweep(place);
  const ecs = await parts.start(
    'ECS',
    () =>
      startEcs({
        journal,
        faults,
        taskDefinitions: {
          [workerTaskDefinition]: houseWorker(surroundings, place),
        },
        stopTimeoutMs: 10_000,
        path: '/usr/local/bin:/usr/bin:/bin',
        onLog: (taskArn, line) => onLog(`worker ${taskArn.slice(-6)}`, line),
        onStart: options.onProcess,
      }),
    ({ url }) => url,
  );
  const functions = await parts.start(
    'Lambda',
    () => startFunctions({ journal, faults, functions: houseFunctions(surroundings, ecs), onLog }),
    ({ url }) => url,
  );
  const migrated = await functions.invoke('migrate', {});
  if (migrated.kind === 'failed')
    throw new Error(`the database was not migrated: ${migrated.error.errorMessage}`);
  const { invoke } = functions;
  const api = await parts.start(
    'HTTP API',
    () => startHttpApi({ journal, faults, routes, invoke }),
    ({ url }) => url,
  );
  await startTriggers(parts, { journal, queues, invoke, isTimeless: options.instead?.isTimeless });
  return { ecs, functions, api, place };
};

type Triggered = Pick<HouseOptions, 'journal'> &
  Pick<Stores, 'queues'> & { invoke: Invoke; isTimeless?: boolean | undefined };

/** What calls our functions beside the HTTP API: two queues, the clock, the end of a worker. */
const startTriggers = async (parts: Parts, { journal, queues, invoke, isTimeless }: Triggered) => {
  for (const [name, functionName] of eventSources) {
    const eventSource = startEventSource({
      journal,
      endpoint: queues.endpoints.sqs,
      queueUrl: urlOf(queues.queueUrls, `${name}.fifo`),
      queueArn: urlOf(queues.queueArns, `${name}.fifo`),
      functionName,
      invoke,
      waitSeconds: 1,
    });
    await parts.start(
      name === functionName ? name : `${name} → ${functionName}`,
      () => Promise.resolve(eventSource),
      () => 'event source',
    );
  }
  for (const name of isTimeless ? [] : ['reconcile', 'sweep']) {
    const schedule = startSchedule({ everyMs: 60_000, invoke: (event) => invoke(name, event) });
    await parts.start(
      `schedule → ${name}`,
      () => Promise.resolve(schedule),
      () => 'every minute',
    );
  }
  if (isTimeless) return;
  const rule = startTaskStoppedRule({ journal, invoke: (event) => invoke('reconcile', event) });
  await parts.start(
    'worker stopped → reconcile',
    () => Promise.resolve(rule),
    () => 'event',
  );
};

const urlOf = (byName: Record<string, string>, name: string): string => {
  const url = byName[name];
  if (url === undefined) throw new Error(`there is no queue ${name}`);
  return url;
};
