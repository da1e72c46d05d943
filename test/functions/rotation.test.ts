// The webhook's secret changes while the door is open.
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, describe, expect, it } from 'vitest';
import { createSecretReader } from '#core/aws/secrets-manager.ts';
import { createWebhookSecrets } from '#core/platforms/github/webhook-secret.ts';
import { createGithubWebhook } from '#core/platforms/github/webhook.ts';
import { createRedactor } from '#core/redact.ts';
import { createIngest } from '#functions/handlers/ingest.ts';
import { startSecretsManager } from '#local/aws/secrets-manager.ts';
import { createFaults } from '#local/faults.ts';
import { createJournal } from '#local/journal.ts';
import { aCommentPayload, aSignature, webhookHeaders } from '#test/builders.ts';
import { onLoopback } from '#test/support/aws-client.ts';
import { anHttpEvent } from '#test/support/aws-event.ts';
import { aLog, aQueue } from '#test/support/fakes.ts';

const minute = 60_000;
const old = 'the old secret of the webhook';
const next = 'its successor, quite as long';
const body = JSON.stringify(aCommentPayload());
const secretId = 'webhook';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The door with the real reader of secrets, on a clock of the test. */
const aDoor = async () => {
  const clock = { now: Date.UTC(2026, 0, 2) };
  const journal = createJournal();
  const faults = createFaults();
  const server = await startSecretsManager({ journal, faults, now: () => clock.now });
  const client = new SecretsManagerClient({ ...onLoopback(server.url), maxAttempts: 1 });
  closers.push(server.close, () => client.destroy());
  const textOf = (secret: unknown) => (typeof secret === 'string' ? secret : JSON.stringify(secret));
  await client.send(new CreateSecretCommand({ Name: secretId, SecretString: textOf({ current: old }) }));
  const put = (secret: unknown, stages?: string[]) =>
    client.send(
      new PutSecretValueCommand({
        SecretId: secretId,
        SecretString: textOf(secret),
        ...(stages && { VersionStages: stages }),
      }),
    );
  const secrets = createWebhookSecrets(
    createSecretReader(client, createRedactor(), () => clock.now),
    secretId,
  );
  await secrets(); // as when the function starts
  const handler = createIngest({
    receive: createGithubWebhook({ secrets, mention: '@agent' }),
    inbox: aQueue().queue,
    log: aLog().log,
  });
  const deliver = async (secret: string) => {
    const headers = { ...webhookHeaders(body), 'x-hub-signature-256': aSignature(body, secret) };
    return (await handler(anHttpEvent({ headers, body }))).statusCode;
  };
  const reads = () => journal.entries().filter(({ call }) => call === 'GetSecretValue').length;
  return { clock, faults, put, deliver, reads };
};

describe('a new secret beside the old one', () => {
  it.each([
    ['at once', 0],
    ['ten minutes later', 10 * minute],
    ['a day later', 24 * 60 * minute],
  ])('loses no delivery of a sender that changes over %s', async (_, afterMs) => {
    const { clock, put, deliver } = await aDoor();
    clock.now += 2 * minute; // in the middle of the time for which the door remembers
    await put({ current: next, previous: old });
    const changesAt = clock.now + afterMs;
    expect(await deliver(old)).toBe(202);
    while (clock.now < changesAt) {
      clock.now += Math.min(7 * minute, changesAt - clock.now);
      expect(await deliver(old)).toBe(202);
    }
    expect(await deliver(next)).toBe(202);
  });

  it('leaves the old one nothing once it is gone', async () => {
    const { clock, put, deliver } = await aDoor();
    await put({ current: next, previous: old });
    clock.now += 5 * minute;
    expect(await deliver(old)).toBe(202);
    await put({ current: next });
    clock.now += 5 * minute;
    expect([await deliver(old), await deliver(next)]).toEqual([401, 202]);
  });
});

describe('bad signatures', () => {
  it('ten thousand in a minute cost one read of the secret', async () => {
    const { clock, deliver, reads } = await aDoor();
    const before = reads();
    const answers = new Set<number | undefined>();
    clock.now += minute;
    for (let n = 0; n < 10_000; n += 1) {
      answers.add(await deliver('a secret that somebody guessed'));
      clock.now += 5;
    }
    expect([...answers]).toEqual([401]);
    expect(reads() - before).toBe(1);
  });

  it('cost no more while nobody answers', async () => {
    const { clock, faults, deliver, reads } = await aDoor();
    const before = reads();
    faults.inject({ call: /GetSecretValue/, fault: { kind: 'answer', status: 500 }, times: 1_000 });
    for (let n = 0; n < 1_000; n += 1) {
      expect(await deliver('a secret that somebody guessed')).toBe(401);
      clock.now += 600;
    }
    expect(reads() - before).toBeLessThanOrEqual(20);
    expect(await deliver(old)).toBe(202);
  });
});

describe('a rotation that was not finished', () => {
  it('changes nothing while the new secret is pending', async () => {
    const { clock, put, deliver } = await aDoor();
    await put({ current: next }, ['AWSPENDING']);
    clock.now += 6 * minute;
    expect([await deliver(old), await deliver(next)]).toEqual([202, 401]);
  });

  it.each([
    ['is no JSON', 'oops'],
    ['is too short', { current: 'hunter2', previous: old }],
    ['is a placeholder', { current: 'change-me-change-me' }],
  ])('with a value that %s lets nobody in, and is over when it is taken back', async (_, bad) => {
    const { clock, put, deliver } = await aDoor();
    await put(bad);
    clock.now += 6 * minute;
    expect([await deliver(old), await deliver(next)]).toEqual([503, 503]);
    await put({ current: old });
    clock.now += 5 * minute;
    expect(await deliver(old)).toBe(202);
  });
});
