import type { KnownSecret } from './redact.ts';

/** What of a process's environment is secret: its AWS identity, and passwords where there is no IAM. */
export const ownSecrets = (env: Readonly<Record<string, string | undefined>>): KnownSecret[] =>
  Object.entries(kinds).flatMap(([name, kind]) => {
    const value = env[name];
    return value === undefined ? [] : [{ kind, value }];
  });

const kinds = {
  AWS_SECRET_ACCESS_KEY: 'aws-secret-key',
  AWS_SESSION_TOKEN: 'aws-session-token',
  AWS_CONTAINER_AUTHORIZATION_TOKEN: 'aws-container-token',
  DATABASE_PASSWORD: 'database-password',
  APP_PASSWORD: 'database-password',
};
