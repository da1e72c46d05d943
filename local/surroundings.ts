// What the house's functions and workers are told of where they live: addresses, names and secret ids, never secrets.
import type { DatabaseEnv } from '#db/env.ts';
import { credentials, region } from './aws/names.ts';

export type Surroundings = {
  mention: string;
  endpoints: { sqs: string; s3: string; secrets: string };
  queueUrl: (name: string) => string;
  bucket: string;
  secretIds: { webhook: string; app: string; model: string; master: string };
  database: { host: string; port: number; name: string; appUser: string; appPassword: string };
  github: { apiUrl: string; webUrl: string };
};

/** How the AWS SDK finds the twins: by its own documented variables, so the adapters run unchanged. */
export const awsEnvironment = ({ endpoints }: Surroundings): Record<string, string> => ({
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_ENDPOINT_URL_SQS: endpoints.sqs,
  AWS_ENDPOINT_URL_S3: endpoints.s3,
  AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secrets,
});

export const queueEnvironment = ({ queueUrl }: Surroundings) => ({
  HIGH_QUEUE_URL: queueUrl('tasks-high.fifo'),
  NORMAL_QUEUE_URL: queueUrl('tasks-normal.fifo'),
  LOW_QUEUE_URL: queueUrl('tasks-low.fifo'),
});

export const databaseEnvironment = ({ database }: Surroundings) =>
  ({
    DATABASE_HOST: database.host,
    DATABASE_PORT: String(database.port),
    DATABASE_NAME: database.name,
    DATABASE_USER: database.appUser,
    DATABASE_AUTH: 'password',
    DATABASE_PASSWORD: database.appPassword,
  }) satisfies DatabaseEnv;
