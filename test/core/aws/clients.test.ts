import { setImmediate as immediate } from 'node:timers/promises';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { s3Client, secretsManagerClient, sqsClient } from '#core/aws/clients.ts';
import { startServer } from '#test/support/http-server.ts';

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the clients', () => {
  it('end a request that gets no answer, after two tries', async () => {
    const server = await startServer(() => 'hang');
    vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', server.url);
    const client = secretsManagerClient();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const errors: unknown[] = [];
    const ended = client.send(new GetSecretValueCommand({ SecretId: 'a' })).catch((caught: unknown) => {
      errors.push(caught);
    });
    let passedMs = 0;
    while (errors.length === 0 && passedMs < 60_000) {
      await vi.advanceTimersByTimeAsync(100);
      await immediate(); // the sockets' turn
      passedMs += 100;
    }
    vi.useRealTimers();
    await ended;
    expect(errors[0]).toMatchObject({ name: 'TimeoutError', $metadata: { attempts: 2 } });
    expect(passedMs).toBeLessThan(10_000); // GitHub waits no longer
    client.destroy();
    await server.close();
  });

  it('take the dual-stack endpoint only where they are told to', async () => {
    expect(await secretsManagerClient({ dualStack: true }).config.useDualstackEndpoint()).toBe(true);
    expect(await secretsManagerClient().config.useDualstackEndpoint()).toBe(false);
  });

  it('take buckets in the path only where they are told to', async () => {
    expect(await s3Client({ pathStyle: true }).config.forcePathStyle).toBe(true);
    expect(await s3Client().config.forcePathStyle).toBe(false);
  });

  it('let the environment choose region and credentials', async () => {
    const { region, credentials } = sqsClient().config;
    expect(await region()).toBe('us-east-1');
    expect(await credentials()).toMatchObject({ accessKeyId: 'test' });
  });
});
