import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEventSource } from '#local/aws/event-source.ts';
import type { Invocation } from '#local/aws/invocation.ts';
import { startQueues } from '#local/aws/queues.ts';
import { startStrictQueues } from '#local/aws/strict-queues.ts';
import { aHouse, clientOf } from './house.ts';

const succeeded: Invocation = { kind: 'answered', result: { batchItemFailures: [] } };
const crashed: Invocation = { kind: 'failed', error: { errorType: 'Error', errorMessage: 'no' } };

describe.each([
  { name: 'the emulator', startQueues },
  { name: 'the strict model', startQueues: startStrictQueues },
])('event source over $name', ({ startQueues }) => {
  let house: ReturnType<typeof aHouse>;
  let local: Awaited<ReturnType<typeof startQueues>>;
  let source: ReturnType<typeof startEventSource> | undefined;
  let sqs: SQSClient;
  let batches: SQSRecord[][];
  let answer: (records: SQSRecord[]) => Promise<Invocation>;

  beforeEach(async () => {
    house = aHouse();
    batches = [];
    answer = async () => succeeded;
    const queues = [{ name: 'inbox.fifo', visibilitySeconds: 1 }];
    local = await startQueues({ ...house, queues, bucket: 'blobs' });
    sqs = new SQSClient(clientOf(local.url));
  });
  afterEach(async () => {
    await source?.close();
    source = undefined;
    sqs.destroy();
    await local.close();
  });

  const inbox = () => local.queueUrls['inbox.fifo']!;
  const send = (body: string, group: string, reason?: string) =>
    sqs.send(
      new SendMessageCommand({
        QueueUrl: inbox(),
        MessageBody: body,
        MessageGroupId: group,
        MessageDeduplicationId: body,
        ...(reason !== undefined && {
          MessageAttributes: { reason: { DataType: 'String', StringValue: reason } },
        }),
      }),
    );
  const start = () => {
    source = startEventSource({
      journal: house.journal,
      endpoint: local.url,
      queueUrl: inbox(),
      queueArn: local.queueArns['inbox.fifo']!,
      functionName: 'triage',
      invoke: async (name, payload) => {
        const { Records } = payload as SQSEvent;
        expect(name).toBe('triage');
        batches.push(Records);
        return await answer(Records);
      },
    });
  };
  const bodies = () => batches.map((records) => records.map(({ body }) => body).sort());
  const isEmpty = async () => {
    const depth = (await local.depths())['inbox.fifo']!;
    return depth.waiting + depth.inFlight === 0;
  };
  const empty = async () => {
    await expect.poll(isEmpty, { timeout: 5_000 }).toBe(true);
  };

  it('calls the function with a batch as Lambda shapes it, and deletes what it handled', async () => {
    await send('one', 'a');
    await send('two', 'b');
    start();
    await empty();

    expect(bodies()).toEqual([['one', 'two']]);
    expect(batches[0]?.find(({ body }) => body === 'one')).toEqual({
      messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      receiptHandle: expect.any(String),
      body: 'one',
      attributes: {
        ApproximateReceiveCount: '1',
        ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
        SentTimestamp: expect.stringMatching(/^\d{13}$/),
        SenderId: expect.any(String),
        MessageGroupId: 'a',
        MessageDeduplicationId: 'one',
        SequenceNumber: expect.stringMatching(/^\d{20}$/),
      },
      messageAttributes: {},
      md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:inbox.fifo',
      awsRegion: 'us-east-1',
    });
  });

  it('hands over the facts that stand beside a body', async () => {
    await send('one', 'a', 'malformed');
    start();
    await empty();

    expect(batches[0]?.[0]?.messageAttributes).toEqual({
      reason: { dataType: 'String', stringValue: 'malformed' },
    });
  });

  it('brings back only what was reported as failed, counted', async () => {
    answer = async (records) => {
      const failed = records.filter(
        ({ body, attributes }) => body === 'bad' && attributes.ApproximateReceiveCount === '1',
      );
      const batchItemFailures = failed.map(({ messageId }) => ({ itemIdentifier: messageId }));
      return { kind: 'answered', result: { batchItemFailures } };
    };
    await send('good', 'a');
    await send('bad', 'b');
    start();
    await empty();

    expect(bodies()).toEqual([['bad', 'good'], ['bad']]);
    expect(batches[1]?.[0]?.attributes.ApproximateReceiveCount).toBe('2');
  });

  it('brings the whole batch back after a function error', async () => {
    answer = async () => (batches.length === 1 ? crashed : succeeded);
    await send('one', 'a');
    await send('two', 'b');
    start();
    await empty();

    expect(bodies()[0]).toEqual(['one', 'two']);
    expect(bodies().slice(1).flat().sort()).toEqual(['one', 'two']);
  });

  it('keeps a group in order, one batch at a time, while other groups go on', async () => {
    let running = 0;
    let mostOfA = 0;
    answer = async (records) => {
      const isOfA = records.some(({ attributes }) => attributes.MessageGroupId === 'a');
      running += isOfA ? 1 : 0;
      mostOfA = Math.max(mostOfA, running);
      await new Promise((resolve) => setTimeout(resolve, 30));
      running -= isOfA ? 1 : 0;
      return succeeded;
    };
    for (const number of [1, 2, 3, 4]) {
      await send(`a${number}`, 'a');
      await send(`b${number}`, 'b');
    }
    start();
    await empty();

    const inOrder = batches.flat().map(({ body }) => body);
    expect(inOrder.filter((body) => body.startsWith('a'))).toEqual(['a1', 'a2', 'a3', 'a4']);
    expect(inOrder.filter((body) => body.startsWith('b'))).toEqual(['b1', 'b2', 'b3', 'b4']);
    expect(mostOfA).toBe(1);
  });

  it('starts no second batch of a group whose message became visible under the first', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    answer = () => released.then(() => succeeded);
    await send('slow', 'a');
    start();
    // visible again after 1 s and again after 2: the second poller takes it both times, while the first batch still runs
    const receives = () => house.journal.entries().filter(({ call }) => call === 'ReceiveMessage').length;
    await expect.poll(receives, { timeout: 5_000 }).toBe(3).finally(release);

    expect(batches).toHaveLength(1);
    await empty();
  });

  it('goes on after the queue was away', async () => {
    house.faults.inject({ call: /^ReceiveMessage$/, fault: { kind: 'answer', status: 500 }, times: 8 });
    await send('one', 'a');
    start();
    await empty();

    expect(bodies()).toEqual([['one']]);
  });

  it('lets a running batch end when it closes, and takes nothing with it', async () => {
    let end = () => {};
    answer = () =>
      new Promise((resolve) => {
        end = () => resolve(succeeded);
      });
    await send('running', 'a');
    start();
    await expect.poll(() => batches.length).toBe(1);
    const closed = source!.close();
    await send('late', 'b');
    end();
    await closed;

    const left = await sqs.send(new ReceiveMessageCommand({ QueueUrl: inbox(), MaxNumberOfMessages: 10 }));
    expect(left.Messages?.map(({ Body }) => Body)).toEqual(['late']);
    expect(bodies()).toEqual([['running']]);
  });
});
