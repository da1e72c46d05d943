import { expect } from 'vitest';
import { bodies, second, windowSize } from './world.ts';
import type { Queue, Row } from './world.ts';

const sendAll = async (queue: Queue, names: string[]) => {
  for (const name of names) await queue.send(name, { group: name[0]! });
};

export const groupRows: Row[] = [
  {
    name: 'locks a group while one of its messages is in flight, and no other group',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await sendAll(queue, ['a1', 'a2', 'b1']);

      expect(bodies(await queue.receive({ MaxNumberOfMessages: 1 }))).toEqual(['a1']);
      expect(bodies(await queue.receive())).toEqual(['b1']);
      expect(await queue.receive()).toEqual([]);
    },
  },
  {
    name: 'goes on with a group when its message is deleted',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await sendAll(queue, ['a1', 'a2']);
      const [first] = await queue.receive({ MaxNumberOfMessages: 1 });
      await queue.remove(first!);

      expect(bodies(await queue.receive())).toEqual(['a2']);
    },
  },
  {
    name: 'brings a message back before the ones behind it when its time is over',
    holds: async ({ aQueue, advance }) => {
      const queue = await aQueue();
      await sendAll(queue, ['a1', 'a2']);
      await queue.receive({ MaxNumberOfMessages: 1 });
      advance(30 * second - 1);
      expect(await queue.receive()).toEqual([]);
      advance(1);

      expect(bodies(await queue.receive({ MaxNumberOfMessages: 1 }))).toEqual(['a1']);
    },
  },
  {
    name: 'gives several messages of one group in one receive, in order',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await sendAll(queue, ['a1', 'b1', 'a2', 'a3']);

      expect(bodies(await queue.receive())).toEqual(['a1', 'a2', 'a3', 'b1']);
    },
  },
  {
    name: 'keeps the rest of a group back while part of what was received together is in flight',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await sendAll(queue, ['a1', 'a2', 'a3']);
      const [first] = await queue.receive({ MaxNumberOfMessages: 2 });
      await queue.remove(first!);

      expect(await queue.receive()).toEqual([]);
    },
  },
  {
    name: 'gives a message again that was given back, though the next of its group is still in flight',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await sendAll(queue, ['a1', 'a2', 'a3']);
      const [first] = await queue.receive({ MaxNumberOfMessages: 2 });
      await queue.extend(first!, 0);

      expect(bodies(await queue.receive())).toEqual(['a1']);
    },
  },
  {
    name: 'serves another group before one that was served and failed',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await sendAll(queue, ['a1', 'b1']);
      await queue.receive({ MaxNumberOfMessages: 1, VisibilityTimeout: 0 });

      expect(bodies(await queue.receive({ MaxNumberOfMessages: 1 }))).toEqual(['b1']);
    },
  },
  {
    name: 'looks at the first messages only, so that a backlog hides the group behind it',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      for (let number = 1; number <= windowSize; number += 1) await queue.send(`a${number}`, { group: 'a' });
      await queue.send('b1', { group: 'b' });
      const [first] = await queue.receive({ MaxNumberOfMessages: 1 });
      expect(await queue.receive()).toEqual([]);
      await queue.remove(first!);

      expect(bodies(await queue.receive())).toContain('b1');
    },
  },
];
