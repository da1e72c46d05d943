import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetSecretValueCommand, SecretsManagerServiceException } from '@aws-sdk/client-secrets-manager';
import type { SecretAge, SecretReader } from '#core/ports/secrets.ts';
import type { Redactor } from '#core/redact.ts';

const freshMs = 5 * 60_000;
const staleMs = 60 * 60_000;
/** While AWS is away, a known value answers at once and AWS is asked only this often. */
const retryEveryMs = 30_000;

type Known = { value: unknown; readAt: number; askedAt: number; askAgainAt: number };

/**
 * Reads each secret once per 5 minutes. While Secrets Manager does not answer, a value of the last hour goes on
 * serving; a clear no (deleted, access denied) is believed at once. From then on no sink gets to see the value.
 */
export const createSecretReader = (
  client: SecretsManagerClient,
  redactor: Redactor,
  now = Date.now,
): SecretReader => {
  const known = new Map<string, Known>();
  const pending = new Map<string, Promise<unknown>>();

  const refresh = async (secretId: string): Promise<unknown> => {
    try {
      const value = await fetchSecret(client, secretId);
      registerAll(redactor, value);
      known.set(secretId, { value, readAt: now(), askedAt: now(), askAgainAt: now() + freshMs });
      return value;
    } catch (error) {
      const last = known.get(secretId);
      if (last && isAway(error) && now() - last.readAt < staleMs) {
        known.set(secretId, { ...last, askedAt: now(), askAgainAt: now() + retryEveryMs });
        return last.value;
      }
      known.delete(secretId);
      throw new Error(`secret ${secretId} cannot be read`, { cause: error });
    }
  };

  const read = (secretId: string, { maxAgeMs = freshMs }: SecretAge = {}): Promise<unknown> => {
    const last = known.get(secretId);
    if (last && now() < Math.min(last.askAgainAt, last.askedAt + maxAgeMs))
      return Promise.resolve(last.value);
    const running = pending.get(secretId);
    if (running) return running;
    const started = refresh(secretId).finally(() => pending.delete(secretId));
    pending.set(secretId, started);
    return started;
  };
  return { read };
};

/** What stands beside a secret and is none. https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html */
const notSecret = new Set(['appId', 'engine', 'host', 'port', 'dbname', 'dbInstanceIdentifier', 'username']);

const registerAll = (redactor: Redactor, value: unknown): void => {
  if (typeof value === 'string') redactor.register('secret', value.replaceAll(String.raw`\n`, '\n'));
  if (typeof value !== 'object' || value === null) return;
  for (const [name, part] of Object.entries(value)) if (!notSecret.has(name)) registerAll(redactor, part);
};

const fetchSecret = async (client: SecretsManagerClient, secretId: string): Promise<unknown> => {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
  try {
    return JSON.parse(SecretString ?? '');
  } catch {
    // no cause: the parser's message quotes the secret
    throw new SecretFormatError();
  }
};

class SecretFormatError extends Error {
  override name = 'SecretFormatError';
  constructor() {
    super('its value is no JSON text');
  }
}

/** No answer, a throttled one or a 5xx: AWS has said nothing about the secret itself. */
const isAway = (error: unknown): boolean => {
  if (error instanceof SecretFormatError) return false;
  if (!(error instanceof SecretsManagerServiceException)) return true;
  return error.$fault === 'server' || error.$retryable !== undefined || error.name === 'ThrottlingException';
};
