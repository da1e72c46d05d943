// The webhook's function as it is deployed: one file, started by Node alone.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Metafile } from 'esbuild';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inboxMessageSchema } from '#core/messages.ts';
import { routes } from '#functions/routes.ts';
import { aCommentPayload, aWebhookSecret, webhookHeaders } from '#test/builders.ts';
import { anHttpEvent } from '#test/support/aws-event.ts';
import { startServer } from '#test/support/http-server.ts';

const run = promisify(execFile);
let folder: string;
let metafile: Metafile;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-bot-bundle-'));
  const result = await build({
    entryPoints: Object.values(routes).map((name) => `functions/${name}.ts`),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'], // as infra bundles it: the CommonJS builds of the SDK call require
    metafile: true,
  });
  metafile = result.metafile;
});
afterAll(() => rm(folder, { recursive: true }));

const outputOf = (name: string) => {
  const found = Object.entries(metafile.outputs).find(([path]) => path.endsWith(`/${name}.mjs`));
  if (!found) throw new Error(`no bundle of ${name}`);
  return found[1];
};
const contentsOf = (name: string): string[] =>
  Object.entries(outputOf(name).inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path);

/** The SDK checks it: SQS says what it took. */
const md5Of = (request: string): string => {
  const { MessageBody } = JSON.parse(request) as { MessageBody: string };
  return createHash('md5').update(MessageBody).digest('hex');
};

/** Starts the bundle in a Node of its own and hands it one event, as Lambda does. */
const start = async (secret: string, mention = '@agent') => {
  const server = await startServer(({ headers, body }) =>
    String(headers['x-amz-target']).startsWith('secretsmanager')
      ? { json: { SecretString: JSON.stringify({ current: secret }) } }
      : { json: { MessageId: 'm', SequenceNumber: '1', MD5OfMessageBody: md5Of(body) } },
  );
  const script =
    'const { handler } = await import(process.argv[1]); console.log(JSON.stringify(await handler(JSON.parse(process.argv[2]))));';
  const body = JSON.stringify(aCommentPayload());
  const event = JSON.stringify(anHttpEvent({ headers: webhookHeaders(body), body }));
  const env = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: server.url,
    WEBHOOK_SECRET_ID: 'webhook',
    INBOX_QUEUE_URL: `${server.url}/000000000000/inbox.fifo`,
    MENTION: mention,
  };
  const args = ['--input-type=module', '-e', script, join(folder, 'github.mjs'), event];
  try {
    const { stdout } = await run(process.execPath, args, { env, timeout: 20_000 });
    return { stdout, stderr: '', failed: false, seen: server.seen };
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }; // execFile's documented error
    return { stdout, stderr, failed: true, seen: server.seen };
  } finally {
    await server.close();
  }
};

describe('the bundle of the webhook', () => {
  it.each([
    '@octokit/',
    'drizzle',
    '/pg/',
    '@aws-sdk/client-ecs',
    '@aws-sdk/client-s3',
    '@aws-sdk/client-lambda',
  ])('holds nothing of %s', (name) => {
    expect(contentsOf('github').filter((path) => path.includes(name))).toStrictEqual([]);
  });

  it('holds what it needs, in less than 1 MB', () => {
    expect(contentsOf('github').some((path) => path.includes('@aws-sdk/client-sqs'))).toBe(true);
    expect(outputOf('github').bytes).toBeLessThan(1_000_000);
    expect(outputOf('health').bytes).toBeLessThan(1_000);
  });

  it('starts and serves a signed mention', async () => {
    const { stdout, stderr, seen } = await start(aWebhookSecret);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({ statusCode: 202 });
    const { MessageBody } = JSON.parse(seen.at(-1)!.body) as { MessageBody: string };
    expect(inboxMessageSchema.parse(JSON.parse(MessageBody)).event.kind).toBe('mention');
  });

  it.each(['       ', 'hunter2', 'development-secret'])(
    'refuses to start with the secret %j, and does not print it',
    async (secret) => {
      const { failed, stdout, stderr, seen } = await start(secret);
      expect(failed).toBe(true);
      expect(stderr).toContain('a webhook secret');
      expect(stdout + stderr).not.toContain(`"${secret}"`);
      expect(stdout + stderr).not.toContain('hunter2');
      expect(seen.map(({ headers }) => headers['x-amz-target'])).toStrictEqual([
        'secretsmanager.GetSecretValue',
      ]);
    },
  );

  it('refuses to start with an environment that it does not understand', async () => {
    const { failed, stderr } = await start(aWebhookSecret, 'agent');
    expect(failed).toBe(true);
    expect(stderr).toContain('MENTION');
  });
});
