// Every secret of a crash house: each is random, so finding one anywhere is a leak.
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { credentials, region } from '#local/aws/names.ts';
import type { Surroundings } from '#local/surroundings.ts';
import type { CrashHouse } from './crash-house.ts';

export const secretsOf = (house: CrashHouse) => {
  const { github, surroundings, mortal } = house;
  const { master, superuser } = mortal.postgres;
  const key = github.app.privateKey.split('\n');
  return [
    { name: 'the webhook secret', value: github.app.webhookSecret },
    { name: "the App's key", value: key[Math.floor(key.length / 2)] ?? '' },
    { name: "the App's key", value: key.slice(1, 4).join('\n') },
    { name: 'the model key', value: house.modelKey },
    { name: "the app role's password", value: surroundings.database.appPassword },
    { name: "the master's password", value: master.password },
    { name: "the superuser's password", value: superuser.password },
    ...house.tokens
      .minted()
      .slice(-20)
      .map((value) => ({ name: 'a token', value })),
  ];
};

export const readModelKey = async ({ endpoints, secretIds }: Surroundings): Promise<string> => {
  const client = new SecretsManagerClient({ endpoint: endpoints.secrets, region, credentials });
  const { SecretString = '{}' } = await client.send(new GetSecretValueCommand({ SecretId: secretIds.model }));
  client.destroy();
  return z.object({ apiKey: z.string() }).parse(JSON.parse(SecretString)).apiKey;
};
