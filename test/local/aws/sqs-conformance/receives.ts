import { createHash } from 'node:crypto';
import { GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { bodies, minute, second, theOne } from './world.ts';
import type { Row } from './world.ts';

const fourteenDays = 14 * 24 * 60 * minute;

export const receiveRows: Row[] = [
  {
    name: 'tells of a message what is asked for',
    holds: async ({ aQueue, advance }) => {
      const queue = await aQueue();
      const { SequenceNumber, MD5OfMessageBody } = await queue.send('one', { group: 'g', id: 'd' });
      advance(second);
      await queue.receive({ VisibilityTimeout: 0 });
      advance(second);
      const [message] = await queue.receive({ MessageSystemAttributeNames: ['All'] });

      expect(message).toMatchObject({ Body: 'one', MD5OfBody: MD5OfMessageBody });
      expect(MD5OfMessageBody).toBe(createHash('md5').update('one').digest('hex'));
      expect(message!.Attributes).toEqual({
        SenderId: expect.any(String),
        SentTimestamp: expect.stringMatching(/^\d{13}$/),
        ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
        ApproximateReceiveCount: '2',
        MessageGroupId: 'g',
        MessageDeduplicationId: 'd',
        SequenceNumber,
      });
      const { SentTimestamp, ApproximateFirstReceiveTimestamp } = message!.Attributes!;
      expect(Number(ApproximateFirstReceiveTimestamp) - Number(SentTimestamp)).toBeGreaterThanOrEqual(second);
      expect(Number(ApproximateFirstReceiveTimestamp) - Number(SentTimestamp)).toBeLessThan(2 * second);
    },
  },
  {
    name: 'tells nothing that is not asked for',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      const MessageAttributes = { kind: { DataType: 'String', StringValue: 'x' } };
      await queue.send('one', { MessageAttributes });
      const message = await theOne(queue);

      expect(message.Attributes).toBeUndefined();
      expect(message.MessageAttributes).toBeUndefined();
    },
  },
  {
    name: 'carries message attributes and their checksum',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      const MessageAttributes = { MyAttribute: { DataType: 'String', StringValue: 'foobar' } };
      const sent = await queue.send('one', { MessageAttributes });
      const [message] = await queue.receive({ MessageAttributeNames: ['My.*', 'MyAttribute'] });

      // of this attribute, by AWS itself
      expect(sent.MD5OfMessageAttributes).toBe('adb59cd4678ea5a855436b949cd07ab6');
      expect(message).toMatchObject({
        MessageAttributes,
        MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
      });
    },
  },
  {
    name: 'carries bytes and numbers as attributes',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      const MessageAttributes = {
        a: { DataType: 'Binary.png', BinaryValue: Uint8Array.of(0, 255, 1) },
        'b.c': { DataType: 'Number', StringValue: '7' },
      };
      const { MD5OfMessageAttributes } = await queue.send('one', { MessageAttributes });
      const [message] = await queue.receive({ MessageAttributeNames: ['All'] });

      expect(MD5OfMessageAttributes).toBe('39dfcd091aace45be30a9bc56c30af0d');
      expect(message).toMatchObject({ MessageAttributes, MD5OfMessageAttributes });
    },
  },
  {
    name: 'numbers the messages of a group upwards',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      const numbers: bigint[] = [];
      for (let number = 1; number <= 12; number += 1)
        numbers.push(BigInt((await queue.send(`a${number}`)).SequenceNumber ?? 0));

      expect(numbers).toEqual(numbers.toSorted((a, b) => (a < b ? -1 : 1)));
      expect(new Set(numbers).size).toBe(12);
    },
  },
  {
    name: 'gives another receipt for each receive',
    holds: async ({ aQueue, advance }) => {
      const queue = await aQueue();
      await queue.send('one');
      const first = await theOne(queue);
      advance(30 * second);

      expect((await theOne(queue)).ReceiptHandle).not.toBe(first.ReceiptHandle);
    },
  },
  {
    name: 'ends a long poll with the message that is sent meanwhile',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      const poll = queue.receive({ WaitTimeSeconds: 20 });
      await queue.send('one');

      expect(bodies(await poll)).toEqual(['one']);
    },
  },
  {
    name: 'ends a long poll with the message that is given back meanwhile',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await queue.send('one');
      const message = await theOne(queue);
      const poll = queue.receive({ WaitTimeSeconds: 20 });
      await queue.extend(message, 0);

      expect(bodies(await poll)).toEqual(['one']);
    },
  },
  {
    name: 'ends a long poll with what was behind a message that is deleted meanwhile',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await queue.send('one');
      await queue.send('two');
      const [message] = await queue.receive({ MaxNumberOfMessages: 1 });
      const poll = queue.receive({ WaitTimeSeconds: 20 });
      await queue.remove(message!);

      expect(bodies(await poll)).toEqual(['two']);
    },
  },
  {
    name: 'forgets a message when its retention is over, in flight or not',
    holds: async ({ aQueue, advance }) => {
      const queue = await aQueue({ MessageRetentionPeriod: '1209600' });
      await queue.send('a1', { group: 'a' });
      await queue.send('b1', { group: 'b' });
      advance(fourteenDays - minute);
      expect(bodies(await queue.receive({ MaxNumberOfMessages: 1, VisibilityTimeout: 3_600 }))).toEqual([
        'a1',
      ]);
      advance(minute);

      expect(await queue.receive()).toEqual([]);
      expect(await queue.attributes()).toMatchObject({
        ApproximateNumberOfMessages: '0',
        ApproximateNumberOfMessagesNotVisible: '0',
      });
    },
  },
  {
    name: 'counts what waits and what is in flight',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      for (const body of ['one', 'two', 'three']) await queue.send(body);
      await queue.receive({ MaxNumberOfMessages: 1 });

      expect(await queue.attributes()).toMatchObject({
        ApproximateNumberOfMessages: '2',
        ApproximateNumberOfMessagesNotVisible: '1',
        ApproximateNumberOfMessagesDelayed: '0',
        QueueArn: queue.arn,
        FifoQueue: 'true',
        VisibilityTimeout: '30',
      });
    },
  },
  {
    name: 'finds a queue by its name',
    holds: async ({ aQueue, client }) => {
      const { name, url } = await aQueue();

      expect(await client.send(new GetQueueUrlCommand({ QueueName: name }))).toMatchObject({ QueueUrl: url });
    },
  },
];
