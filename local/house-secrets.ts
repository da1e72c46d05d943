// The secrets of the house, put where the functions and the worker read them: made anew at each start.
import { randomBytes } from 'node:crypto';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { credentials, region } from './aws/names.ts';

export const secretIds = {
  webhook: 'agent-bot/github-webhook',
  app: 'agent-bot/github-app',
  model: 'agent-bot/model',
  master: 'agent-bot/database-master',
} as const;

export type HouseSecrets = { [S in keyof typeof secretIds]: Record<string, string> };

export const randomSecret = () => randomBytes(32).toString('base64url');

export const putSecrets = async (endpoint: string, secrets: HouseSecrets): Promise<void> => {
  const client = new SecretsManagerClient({ endpoint, region, credentials });
  for (const [name, value] of Object.entries(secrets)) {
    const Name = secretIds[name as keyof HouseSecrets]; // the keys of HouseSecrets are those of secretIds
    await client.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(value) }));
  }
  client.destroy();
};
