import { expect } from 'vitest';
import { bodies, minute, refused, theOne } from './world.ts';
import type { Row } from './world.ts';

export const deduplicationRows: Row[] = [
  {
    name: 'takes one id once, and answers the second as the first',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      const first = await queue.send('one', { id: 'same' });
      const second = await queue.send('two', { id: 'same' });

      expect(second.MessageId).toBe(first.MessageId);
      expect(second.SequenceNumber).toBe(first.SequenceNumber);
      expect(bodies(await queue.receive())).toEqual(['one']);
    },
  },
  {
    name: 'remembers an id for five minutes and no longer',
    holds: async ({ aQueue, advance }) => {
      const queue = await aQueue({ VisibilityTimeout: '3600' });
      await queue.send('one', { id: 'same' });
      await queue.remove(await theOne(queue));
      advance(5 * minute - 1);
      await queue.send('two', { id: 'same' });
      expect(await queue.receive()).toEqual([]);
      advance(1);
      await queue.send('three', { id: 'same' });

      expect(bodies(await queue.receive())).toEqual(['three']);
    },
  },
  {
    name: 'remembers an id after its message was deleted',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await queue.send('one', { id: 'same' });
      await queue.remove(await theOne(queue));
      await queue.send('two', { id: 'same' });

      expect(await queue.receive()).toEqual([]);
    },
  },
  {
    name: 'takes one id once in the whole queue, whatever the group',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await queue.send('one', { id: 'same', group: 'a' });
      await queue.send('two', { id: 'same', group: 'b' });

      expect(bodies(await queue.receive())).toEqual(['one']);
    },
  },
  {
    name: 'takes one id once per group where the scope is the group',
    holds: async ({ aQueue }) => {
      const queue = await aQueue({ DeduplicationScope: 'messageGroup' });
      await queue.send('one', { id: 'same', group: 'a' });
      await queue.send('two', { id: 'same', group: 'b' });
      await queue.send('three', { id: 'same', group: 'b' });

      expect(bodies(await queue.receive())).toEqual(['one', 'two']);
    },
  },
  {
    name: 'makes the id of the content where it is told to',
    holds: async ({ aQueue }) => {
      const queue = await aQueue({ ContentBasedDeduplication: 'true' });
      await queue.send('same', { MessageDeduplicationId: undefined });
      await queue.send('same', { MessageDeduplicationId: undefined });
      await queue.send('other', { MessageDeduplicationId: undefined });

      expect(bodies(await queue.receive({ MaxNumberOfMessages: 1 }))).toEqual(['same']);
      expect((await queue.attributes())!['ApproximateNumberOfMessages']).toBe('1');
    },
  },
  {
    name: 'refuses a message without an id where it makes none of the content',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();

      await refused(queue.send('one', { MessageDeduplicationId: undefined }));
    },
  },
];
