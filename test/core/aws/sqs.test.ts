import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createQueueReceiver, createQueueSender } from '#core/aws/sqs.ts';
import { encodeMessage, inboxMessageSchema } from '#core/messages.ts';
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
