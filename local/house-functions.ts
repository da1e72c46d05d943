// The Lambda functions of the house: the same entry files as in AWS, each with the environment that the stack would give it.
import type {
  DeadLettersEnv,
  MigrateEnv,
  ReconcileEnv,
  SweepEnv,
  TriageEnv,
  WebhookEnv,
} from '#functions/env.ts';
import type { DatabaseEnv } from '#db/env.ts';
import type { FunctionDefinition } from './aws/function-environment.ts';
import { workerContainer, workerTaskDefinition } from './house-worker.ts';
import type { Surroundings } from './surroundings.ts';
import { awsEnvironment, databaseEnvironment, queueEnvironment } from './surroundings.ts';

const entry = (name: string) => new URL(`../functions/${name}.ts`, import.meta.url);

const networkEnv = { SUBNET_IDS: 'subnet-local', SECURITY_GROUP_IDS: 'sg-local' };

const staff = { LEDGER_FUNCTION: 'ledger', RECONCILE_FUNCTION: 'reconcile' };

type Cluster = { url: string; clusterArn: string };

export const houseFunctions = (house: Surroundings, ecs: Cluster): Record<string, FunctionDefinition> => {
  const github: WebhookEnv = {
    WEBHOOK_SECRET_ID: house.secretIds.webhook,
    INBOX_QUEUE_URL: house.queueUrl('inbox.fifo'),
    MENTION: house.mention,
  };
  const githubApp = { GITHUB_APP_SECRET_ID: house.secretIds.app, GITHUB_API_URL: house.github.apiUrl };
  const triage: TriageEnv = {
    ...githubApp,
    ...staff,
    MENTION: house.mention,
    INBOX_QUEUE_URL: house.queueUrl('inbox.fifo'),
    DEAD_LETTER_QUEUE_URL: house.queueUrl('dead-letters.fifo'),
    ...queueEnvironment(house),
  };
  const deadLetters: DeadLettersEnv = { ...githubApp, ...staff };
  const sweep: SweepEnv = githubApp;
  const ledger: DatabaseEnv = databaseEnvironment(house);
  const reconcile: ReconcileEnv = {
    LEDGER_FUNCTION: 'ledger',
    INBOX_QUEUE_URL: house.queueUrl('inbox.fifo'),
    CLUSTER_ARN: ecs.clusterArn,
    TASK_DEFINITION_ARN: workerTaskDefinition,
    CONTAINER_NAME: workerContainer,
    ...networkEnv,
    WORKER_CAP: '3',
    WARM_WORKERS: '0',
    WORKER_CAPACITY: 'on_demand',
    ...queueEnvironment(house),
  };
  const { DATABASE_HOST, DATABASE_PORT, DATABASE_NAME } = ledger;
  const migrate: MigrateEnv = {
    DATABASE_HOST,
    DATABASE_PORT,
    DATABASE_NAME,
    MASTER_SECRET_ID: house.secretIds.master,
    APP_USER: house.database.appUser,
    DATABASE_AUTH: 'password',
    APP_PASSWORD: house.database.appPassword,
  };
  const define = (name: string, env: Record<string, string | undefined>, timeoutMs: number) => ({
    entry: entry(name),
    env: { ...awsEnvironment(house), AWS_ENDPOINT_URL_ECS: ecs.url, ...defined(env) },
    timeoutMs,
  });
  return {
    github: define('github', github, 10_000),
    triage: define('triage', triage, 30_000),
    'dead-letters': define('dead-letters', deadLetters, 30_000),
    ledger: define('ledger', ledger, 15_000),
    reconcile: define('reconcile', reconcile, 60_000),
    sweep: define('sweep', sweep, 240_000),
    migrate: define('migrate', migrate, 60_000),
    health: define('health', {}, 5_000),
  };
};

const defined = (env: Record<string, string | undefined>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
