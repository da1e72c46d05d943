import {
  EmptyBatchRequest,
  InvalidAttributeName,
  InvalidMessageContents,
  QueueDoesNotExist,
  QueueNameExists,
  TooManyEntriesInBatchRequest,
} from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { bodies, refused } from './world.ts';
import type { Row } from './world.ts';

const printable = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~aZ09';

export const limitRows: Row[] = [
  {
    name: 'takes ids of 128 characters and of all the punctuation there is',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await queue.send('long', { group: 'g'.repeat(128), id: 'd'.repeat(128) });
      await queue.send('odd', { group: printable, id: printable });

      expect(bodies(await queue.receive())).toEqual(['long', 'odd']);
    },
  },
  ...['', 'g'.repeat(129), 'a b', 'é', 'line\n'].map((id) => ({
    name: `refuses the group ${JSON.stringify(id.slice(0, 10))} of ${id.length} characters`,
    holds: async ({ aQueue }: Parameters<Row['holds']>[0]) => {
      await refused((await aQueue()).send('one', { group: id }));
    },
  })),
  ...['d'.repeat(129), 'a b', 'é'].map((id) => ({
    name: `refuses the deduplication id ${JSON.stringify(id.slice(0, 10))} of ${id.length} characters`,
    holds: async ({ aQueue }: Parameters<Row['holds']>[0]) => {
      await refused((await aQueue()).send('one', { id }));
    },
  })),
  {
    name: 'refuses a message without a group',
    holds: async ({ aQueue }) => {
      await refused((await aQueue()).send('one', { MessageGroupId: undefined }));
    },
  },
  {
    name: 'takes a body of 1 MiB and no byte more, attributes counted',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      const most = 'x'.repeat(1_048_576);
      await queue.send(most, { id: 'most' });
      await refused(queue.send(`${most}x`, { id: 'too-much' }));
      await refused(queue.send('é'.repeat(524_289), { id: 'in-bytes' }));
      const MessageAttributes = { a: { DataType: 'String', StringValue: 'b' } };
      await refused(queue.send(most, { id: 'with-attribute', MessageAttributes }));

      expect((await queue.attributes())!['ApproximateNumberOfMessages']).toBe('1');
    },
  },
  {
    name: 'refuses an empty body',
    holds: async ({ aQueue }) => {
      await refused((await aQueue()).send('', { id: 'd' }));
    },
  },
  {
    name: 'takes every character that XML has, emoji too',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      const text = '👀 \t\n\r é \u{FFFD} \u{10FFFF}';
      await queue.send(text, { id: 'd' });

      expect(bodies(await queue.receive())).toEqual([text]);
    },
  },
  ...['\u0000', '\u000B', '\uFFFF', '\uD800'].map((character) => ({
    name: `refuses the character U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
    holds: async ({ aQueue }: Parameters<Row['holds']>[0]) => {
      await refused((await aQueue()).send(`a${character}b`, { id: 'd' }));
    },
  })),
  ...[0, 11].map((MaxNumberOfMessages) => ({
    name: `refuses to receive ${MaxNumberOfMessages} messages`,
    holds: async ({ aQueue }: Parameters<Row['holds']>[0]) => {
      await refused((await aQueue()).receive({ MaxNumberOfMessages }));
    },
  })),
  {
    name: 'refuses a wait of more than 20 seconds and a visibility of more than 12 hours',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await refused(queue.receive({ WaitTimeSeconds: 21 }));
      await refused(queue.receive({ VisibilityTimeout: 43_201 }));
    },
  },
  {
    name: 'refuses a delay of one message',
    holds: async ({ aQueue }) => {
      await refused((await aQueue()).send('one', { DelaySeconds: 1 }));
    },
  },
  {
    name: 'refuses another queue of the same name, and takes the same one again',
    holds: async ({ aQueue, create }) => {
      const { name } = await aQueue();
      const attributes = { FifoQueue: 'true', VisibilityTimeout: '30' };

      expect(await create(name, attributes)).toContain(name);
      await refused(create(name, { ...attributes, VisibilityTimeout: '31' }));
    },
  },
  {
    name: 'refuses a FIFO queue whose name does not say so',
    holds: async ({ create }) => {
      await refused(create('unnamed', { FifoQueue: 'true' }));
    },
  },
  {
    name: 'refuses high throughput with a deduplication over the whole queue',
    holds: async ({ aQueue }) => {
      await refused(aQueue({ FifoThroughputLimit: 'perMessageGroupId' }));
    },
  },
  {
    name: 'keeps no message for longer than 14 days',
    holds: async ({ aQueue }) => {
      await refused(aQueue({ MessageRetentionPeriod: '1209601' }));
    },
  },
  {
    name: 'knows no queue that nobody made',
    holds: async ({ aQueue, url }) => {
      const { send } = await aQueue();
      const QueueUrl = `${url}/000000000000/nowhere.fifo`;
      await expect(send('one', { QueueUrl })).rejects.toBeInstanceOf(QueueDoesNotExist);
    },
  },
  {
    name: 'names its errors as the SDK knows them',
    holds: async ({ aQueue, create }) => {
      const queue = await aQueue();
      await expect(queue.receive({ MaxNumberOfMessages: 11 })).rejects.toMatchObject({
        name: 'InvalidParameterValue',
        message: expect.stringContaining('Value 11 for parameter MaxNumberOfMessages is invalid.'),
      });
      await expect(queue.send('one', { MessageGroupId: undefined })).rejects.toMatchObject({
        name: 'MissingParameter',
        message: 'The request must contain the parameter MessageGroupId.',
      });
      await expect(queue.send('\u0000', { id: 'd' })).rejects.toBeInstanceOf(InvalidMessageContents);
      await expect(queue.removeAll([])).rejects.toBeInstanceOf(EmptyBatchRequest);
      await expect(queue.removeAll([])).rejects.toMatchObject({
        Code: 'AWS.SimpleQueueService.EmptyBatchRequest',
      });
      const many = Array.from({ length: 11 }, () => ({ ReceiptHandle: 'any' }));
      await expect(queue.removeAll(many)).rejects.toBeInstanceOf(TooManyEntriesInBatchRequest);
      await expect(create(queue.name, { FifoQueue: 'true' })).resolves.toContain(queue.name);
      const other = create(queue.name, { FifoQueue: 'true', VisibilityTimeout: '31' });
      await expect(other).rejects.toBeInstanceOf(QueueNameExists);
      await expect(create('plain', { ContentBasedDeduplication: 'true' })).rejects.toBeInstanceOf(
        InvalidAttributeName,
      );
    },
  },
];
