import { request } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  DeleteObjectCommand,
} from '@aws-sdk/client-s3';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startQueues } from '#local/aws/queues.ts';
import { startStrictQueues } from '#local/aws/strict-queues.ts';
import { aHouse, clientOf } from './house.ts';

const queues = [
  { name: 'dead-letters.fifo', visibilitySeconds: 30 },
  { name: 'inbox.fifo', visibilitySeconds: 1, dlq: 'dead-letters.fifo' },
];

describe.each([
  { name: 'the emulator', startQueues },
  { name: 'the strict model', startQueues: startStrictQueues },
])('queues and bucket by $name', ({ startQueues }) => {
  let house: ReturnType<typeof aHouse>;
  let local: Awaited<ReturnType<typeof startQueues>>;
  let dataDir: string;
  let sqs: SQSClient;
  let s3: S3Client;

  const start = async () => {
    local = await startQueues({ ...house, queues, bucket: 'blobs', dataDir, maxReceiveCount: 2 });
    sqs = new SQSClient(clientOf(local.endpoints.sqs));
    s3 = new S3Client({ ...clientOf(local.endpoints.s3), forcePathStyle: true });
  };
  beforeEach(async () => {
    house = aHouse();
    dataDir = mkdtempSync(join(tmpdir(), 'queues-'));
    await start();
  });
  afterEach(async () => {
    sqs.destroy();
    s3.destroy();
    await local.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const inbox = () => local.queueUrls['inbox.fifo']!;
  const send = (id: string, group = 'thread') =>
    sqs.send(
      new SendMessageCommand({
        QueueUrl: inbox(),
        MessageBody: id,
        MessageGroupId: group,
        MessageDeduplicationId: id,
      }),
    );
  const receive = async (QueueUrl = inbox(), WaitTimeSeconds = 2) =>
    (await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds }))).Messages?.[0];

  it('hands out addresses on loopback that the SDK uses as they are', () => {
    expect(inbox()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/000000000000\/inbox\.fifo$/);
    expect(local.queueArns['inbox.fifo']).toBe('arn:aws:sqs:us-east-1:000000000000:inbox.fifo');
  });

  it('keeps a group in order, one message at a time', async () => {
    await send('first');
    await send('second');
    const first = await receive();

    expect(first?.Body).toBe('first');
    expect(await receive(inbox(), 0)).toBeUndefined();
    await sqs.send(new DeleteMessageCommand({ QueueUrl: inbox(), ReceiptHandle: first!.ReceiptHandle }));
    expect((await receive())?.Body).toBe('second');
  });

  it('moves what was received too often to the dead letters', async () => {
    await send('poison');
    for (const _ of [1, 2]) {
      const message = await receive();
      await sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: inbox(),
          ReceiptHandle: message!.ReceiptHandle,
          VisibilityTimeout: 0,
        }),
      );
    }

    expect(await receive(inbox(), 0)).toBeUndefined();
    expect((await receive(local.queueUrls['dead-letters.fifo']))?.Body).toBe('poison');
  });

  it('counts what waits and what is in flight', async () => {
    await send('first');
    await send('second');
    await receive();

    expect(await local.depths()).toEqual({
      'dead-letters.fifo': { waiting: 0, inFlight: 0 },
      'inbox.fifo': { waiting: 1, inFlight: 1 },
    });
  });

  it('gives back at once what an abandoned long poll would have taken', async () => {
    const poll = request(local.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'AmazonSQS.ReceiveMessage',
        authorization: 'AWS4-HMAC-SHA256 any',
      },
    });
    poll.on('error', () => {});
    poll.end(JSON.stringify({ QueueUrl: inbox(), WaitTimeSeconds: 20 }));
    await wait(150); // until the poll waits in the queue: nothing tells
    poll.destroy();
    await wait(200); // until the server has seen it go
    await send('kept');

    expect((await receive(inbox(), 0))?.Body).toBe('kept');
  });

  it('journals a call with its queue and body, and no empty poll', async () => {
    await receive(inbox(), 0);
    await send('noted');

    const calls = house.journal.entries().filter(({ call }) => call !== 'CreateQueue');
    expect(calls).toMatchObject([
      {
        twin: 'sqs',
        call: 'SendMessage',
        status: 200,
        detail: { queue: 'inbox.fifo', request: { MessageBody: 'noted' } },
      },
    ]);
  });

  it('can lose the answer of a send that was carried out', async () => {
    house.faults.inject({ call: /^SendMessage$/, fault: { kind: 'reset_after' } });

    await expect(send('once')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await receive())?.Body).toBe('once');
  });

  it('keeps objects over a restart, byte for byte', async () => {
    const Body = Buffer.from([0, 255, 10, 13, 128]);
    const object = { Bucket: 'blobs', Key: 'tasks/ä b/patch' };
    await s3.send(new PutObjectCommand({ ...object, Body, ContentType: 'text/x-diff' }));
    await local.close();
    await start();

    const found = await s3.send(new GetObjectCommand(object));
    expect(Buffer.from(await found.Body!.transformToByteArray())).toEqual(Body);
    expect(found.ContentType).toBe('text/x-diff');
  });

  it('forgets a deleted object over a restart', async () => {
    const object = { Bucket: 'blobs', Key: 'gone' };
    await s3.send(new PutObjectCommand({ ...object, Body: 'x' }));
    await s3.send(new DeleteObjectCommand(object));
    await local.close();
    await start();

    await expect(s3.send(new GetObjectCommand(object))).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('refuses to overwrite where the caller asks it to', async () => {
    const object = { Bucket: 'blobs', Key: 'once', IfNoneMatch: '*' };
    await s3.send(new PutObjectCommand({ ...object, Body: 'first' }));

    await expect(s3.send(new PutObjectCommand({ ...object, Body: 'second' }))).rejects.toMatchObject({
      name: 'PreconditionFailed',
      $metadata: { httpStatusCode: 412 },
    });
    const { ContentLength } = await s3.send(new HeadObjectCommand({ Bucket: 'blobs', Key: 'once' }));
    expect(ContentLength).toBe('first'.length);
  });
});
