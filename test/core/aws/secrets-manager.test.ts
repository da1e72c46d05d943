import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, describe, expect, it } from 'vitest';
import { createSecretReader } from '#core/aws/secrets-manager.ts';
import { createRedactor } from '#core/redact.ts';
import { onLoopback } from '#test/support/aws-client.ts';
import type { Answer } from '#test/support/http-server.ts';
import { startServer } from '#test/support/http-server.ts';

const minute = 60_000;
const value = (secret: unknown): Answer => ({ json: { Name: 's', SecretString: JSON.stringify(secret) } });
const refusal = (type: string, status = 400): Answer => ({ status, json: { __type: type, message: 'no' } });

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const setUp = async () => {
  const state = { answer: value({ current: 'one' }), now: 1_000_000 };
  const server = await startServer(() => state.answer);
  const client = new SecretsManagerClient({ ...onLoopback(server.url), maxAttempts: 1 });
  closers.push(server.close, () => client.destroy());
  const redactor = createRedactor();
  return { state, server, redactor, reader: createSecretReader(client, redactor, () => state.now) };
};

describe('createSecretReader', () => {
  it('makes what it reads known to whoever keeps secrets back, but not what stands beside them', async () => {
    const { reader, redactor, state } = await setUp();
    const lines = ['a line of a key, the first', 'a line of a key, the last'];
    const password = 'a password of RDS';
    state.answer = value({
      username: 'app_user_one',
      host: 'db.example.internal',
      password,
      key: lines.join(String.raw`\n`),
    });
    await reader.read('app/database');
    expect(redactor.text(`app_user_one db.example.internal ${lines.join(' ')} ${btoa(password)}`)).toBe(
      'app_user_one db.example.internal [redacted:secret] [redacted:secret] [redacted:secret]',
    );
  });

  it('reads a secret by id as JSON', async () => {
    const { reader, server } = await setUp();
    expect(await reader.read('app/webhook')).toStrictEqual({ current: 'one' });
    expect(server.seen[0]?.headers['x-amz-target']).toBe('secretsmanager.GetSecretValue');
    expect(JSON.parse(server.seen[0]!.body)).toStrictEqual({ SecretId: 'app/webhook' });
  });

  it('asks once for many readers and for five minutes', async () => {
    const { reader, server, state } = await setUp();
    await Promise.all([reader.read('a'), reader.read('a'), reader.read('b')]);
    state.now += 5 * minute - 1;
    await reader.read('a');
    expect(server.seen).toHaveLength(2);
    state.answer = value({ current: 'two' });
    state.now += 1;
    expect(await reader.read('a')).toStrictEqual({ current: 'two' });
  });

  it.each([
    ['a cut connection', 'cut' as Answer],
    ['a 500', refusal('InternalServiceError', 500)],
    ['throttling', refusal('ThrottlingException')],
  ])('goes on with the last value for an hour of %s, and asks again now and then', async (_, answer) => {
    const { reader, server, state } = await setUp();
    await reader.read('a');
    state.answer = answer;
    state.now += 59 * minute;
    expect(await reader.read('a')).toStrictEqual({ current: 'one' });
    await reader.read('a');
    expect(server.seen).toHaveLength(2);
    state.now += 2 * minute;
    await expect(reader.read('a')).rejects.toThrow('secret a cannot be read');
  });

  it('takes up the new value when AWS is back', async () => {
    const { reader, state } = await setUp();
    await reader.read('a');
    state.answer = 'cut';
    state.now += 6 * minute;
    await reader.read('a');
    state.answer = value({ current: 'two' });
    state.now += minute;
    expect(await reader.read('a')).toStrictEqual({ current: 'two' });
  });

  it.each(['ResourceNotFoundException', 'AccessDeniedException', 'InvalidRequestException'])(
    'believes a clear no at once: %s',
    async (type) => {
      const { reader, state } = await setUp();
      await reader.read('a');
      state.answer = refusal(type);
      state.now += 6 * minute;
      await expect(reader.read('a')).rejects.toThrow('cannot be read');
    },
  );

  it('never quotes a value that it cannot read', async () => {
    const { reader, state } = await setUp();
    state.answer = { json: { SecretString: 'hunter2-is-not-json' } };
    const error: unknown = await reader.read('a').catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Error);
    expect(`${(error as Error).stack} ${String((error as Error).cause)}`).not.toContain('hunter2');
  });

  it('throws for a secret that has no text', async () => {
    const { reader, state } = await setUp();
    state.answer = { json: { Name: 's' } };
    await expect(reader.read('a')).rejects.toThrow('cannot be read');
  });
});
