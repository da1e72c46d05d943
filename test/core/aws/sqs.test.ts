import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createQueueReceiver, createQueueSender } from '#core/aws/sqs.ts';
import { encodeMessage, inboxMessageSchema } from '#core/messages.ts';
import type { QueueReceiver } from '#core/ports/queue.ts';
import { startStrictQueues } from '#local/aws/strict-queues.ts';
import { createClock } from '#local/clock.ts';
import { createFaults } from '#local/faults.ts';
import { createJournal } from '#local/journal.ts';
import { aDelivery, aThread, aTrigger } from '#test/builders.ts';
import { onLoopback } from '#test/support/aws-client.ts';

let server: Awaited<ReturnType<typeof startFauxqs>>;
let client: SQSClient;
let count = 0;

beforeAll(async () => {
  server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
  client = new SQSClient(onLoopback(`http://127.0.0.1:${server.port}`));
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});

const aRealQueue = async () => {
  count += 1;
  const { QueueUrl = '' } = await client.send(
    new CreateQueueCommand({
      QueueName: `q${count}.fifo`,
      Attributes: { FifoQueue: 'true', VisibilityTimeout: '1' },
    }),
  );
  return {
    queueUrl: QueueUrl,
    sender: createQueueSender(client, QueueUrl),
    receiver: createQueueReceiver(client, QueueUrl),
  };
};

describe('createQueueSender and createQueueReceiver', () => {
  it('carry every character that a person can write', async () => {
    const { sender, receiver } = await aRealQueue();
    const text = '@agent 👀 \u0000 \ud800 \uffff \u2028 é "quoted" \\u0041';
    const delivery = aDelivery({
      event: { kind: 'mention', thread: aThread(), trigger: aTrigger({ text }) },
    });
    await sender.send({ body: encodeMessage(delivery), groupId: 'g', deduplicationId: 'd' });
    const message = await receiver.receive({ waitSeconds: 1 });
    expect(inboxMessageSchema.parse(JSON.parse(message!.body))).toStrictEqual(delivery);
  });

  it('carry facts beside the body, and give the id and the group of a message', async () => {
    const { sender, receiver, queueUrl } = await aRealQueue();
    await sender.send({ body: 'x', groupId: 'g', deduplicationId: 'd', attributes: { reason: 'malformed' } });
    const { Messages: [message] = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MessageAttributeNames: ['All'],
        VisibilityTimeout: 0,
      }),
    );
    expect(message?.MessageAttributes?.['reason']?.StringValue).toBe('malformed');
    expect(await receiver.receive({ waitSeconds: 1 })).toMatchObject({
      messageId: message?.MessageId,
      groupId: 'g',
    });
  });

  it('give nothing when nothing came', async () => {
    const { receiver } = await aRealQueue();
    expect(await receiver.receive({ waitSeconds: 0 })).toBeUndefined();
  });

  it('send one id once, keep a group in order and one message at a time, and count the receives', async () => {
    const { sender, receiver } = await aRealQueue();
    const send = (id: string) => sender.send({ body: id, groupId: 'g', deduplicationId: id });
    await send('one');
    await send('one');
    await send('two');

    const first = await receiver.receive({ waitSeconds: 0 });
    expect(first).toMatchObject({ body: 'one', receiveCount: 1 });
    expect(await receiver.receive({ waitSeconds: 0 })).toBeUndefined(); // the group is busy
    await receiver.extend(first!.receipt, 0);
    const again = await receiver.receive({ waitSeconds: 0 });
    expect(again).toMatchObject({ body: 'one', receiveCount: 2 });
    await receiver.acknowledge(again!.receipt);
    expect(await receiver.receive({ waitSeconds: 0 })).toMatchObject({ body: 'two' });
  });

  it('throw when the queue is not there', async () => {
    const sender = createQueueSender(client, `http://127.0.0.1:${server.port}/000000000000/none.fifo`);
    await expect(sender.send({ body: 'x', groupId: 'g', deduplicationId: 'd' })).rejects.toThrow('queue');
  });
});

describe('a receipt that holds its message no more', () => {
  const visibilitySeconds = 30;
  const clock = createClock({ standsAt: Date.now() });
  let strict: Awaited<ReturnType<typeof startStrictQueues>>;
  let client: SQSClient;
  let receiver: QueueReceiver;
  let receipt: string;

  beforeEach(async () => {
    const queues = [{ name: 'lane.fifo', visibilitySeconds }];
    strict = await startStrictQueues({
      journal: createJournal(),
      faults: createFaults(),
      queues,
      bucket: 'unused',
      clock,
    });
    client = new SQSClient(onLoopback(strict.url));
    const url = strict.queueUrls['lane.fifo']!;
    receiver = createQueueReceiver(client, url);
    await createQueueSender(client, url).send({ body: 'x', groupId: 'g', deduplicationId: 'd' });
    receipt = (await receiver.receive({ waitSeconds: 0 }))!.receipt;
  });
  afterEach(async () => {
    client.destroy();
    await strict.close();
  });

  const lost = { name: 'ReceiptLostError', code: 'receipt_lost', cause: { name: expect.any(String) } };

  it('is told when its time is over, and the message comes again', async () => {
    clock.advance(visibilitySeconds * 1_000);

    await expect(receiver.acknowledge(receipt)).rejects.toMatchObject(lost);
    await expect(receiver.extend(receipt, visibilitySeconds)).rejects.toMatchObject(lost);
    await expect(receiver.receive({ waitSeconds: 0 })).resolves.toMatchObject({ body: 'x', receiveCount: 2 });
  });

  it('is told when somebody else has the message', async () => {
    clock.advance(visibilitySeconds * 1_000);
    await receiver.receive({ waitSeconds: 0 });

    await expect(receiver.acknowledge(receipt)).rejects.toMatchObject(lost);
    await expect(receiver.extend(receipt, 0)).rejects.toMatchObject(lost);
  });

  it('is told when the message was deleted, and when it is none', async () => {
    await receiver.acknowledge(receipt);

    await expect(receiver.extend(receipt, visibilitySeconds)).rejects.toMatchObject(lost);
    await expect(receiver.extend('garbage', visibilitySeconds)).rejects.toMatchObject(lost);
    await expect(receiver.acknowledge('garbage')).rejects.toMatchObject(lost);
  });

  it('is told when nobody may hold the message any longer', async () => {
    await receiver.extend(receipt, 43_200);
    clock.advance(43_200 * 1_000 - 1);

    await expect(receiver.extend(receipt, visibilitySeconds)).rejects.toMatchObject(lost);
  });

  it('is none of what a broken queue says', async () => {
    const nowhere = createQueueReceiver(client, `${strict.url}/000000000000/none.fifo`);

    await expect(nowhere.acknowledge(receipt)).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
    await expect(nowhere.extend(receipt, 0)).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
  });
});
