// AWS Secrets Manager by its protocol, in memory: the house makes its secrets anew at each start.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/
import { startJsonApi } from './json-api.ts';
import { lifecycleOperations } from './secret-lifecycle.ts';
import { createSecretShelf } from './secret-shelf.ts';
import { versionOperations } from './secret-versions.ts';
import type { House } from './server.ts';

type Options = House & { port?: number; now?: () => number };

export const startSecretsManager = async ({ now = Date.now, ...house }: Options) => {
  const shelf = createSecretShelf(now);
  return await startJsonApi({
    ...house,
    twin: 'secrets',
    service: 'secretsmanager',
    operations: { ...lifecycleOperations(shelf), ...versionOperations(shelf) },
    detail: (input, output) => ({ secretId: idIn(input) ?? idIn(output) }),
  });
};

/** The only part of a call that may be written down: never a value. */
const idIn = (call: unknown) => {
  const { SecretId, Name } = (call ?? {}) as { SecretId?: unknown; Name?: unknown }; // read, not trusted
  return typeof SecretId === 'string' ? SecretId : typeof Name === 'string' ? Name : undefined;
};
