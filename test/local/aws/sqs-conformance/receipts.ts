import { MessageNotInflight, ReceiptHandleIsInvalid } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { bodies, hour, refused, second, theOne } from './world.ts';
import type { Row } from './world.ts';

export const receiptRows: Row[] = [
  {
    name: 'refuses to delete by an expired receipt, and the message comes again',
    holds: async ({ aQueue, advance }) => {
      const queue = await aQueue();
      await queue.send('one');
      const message = await theOne(queue);
      advance(30 * second);
      await refused(queue.remove(message));

      expect(bodies(await queue.receive())).toEqual(['one']);
    },
  },
  {
    name: 'refuses to delete by the receipt of an earlier receive, and the holder keeps the message',
    holds: async ({ aQueue, advance }) => {
      const queue = await aQueue();
      await queue.send('one');
      const stale = await theOne(queue);
      advance(30 * second);
      const fresh = await theOne(queue);
      await refused(queue.remove(stale));
      await queue.remove(fresh);

      expect((await queue.attributes())!['ApproximateNumberOfMessagesNotVisible']).toBe('0');
    },
  },
  {
    name: 'refuses to delete after the message was given back',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await queue.send('one');
      const message = await theOne(queue);
      await queue.extend(message, 0);

      await refused(queue.remove(message));
    },
  },
  {
    name: 'lets a message be deleted that was extended beyond its first time',
    holds: async ({ aQueue, advance }) => {
      const queue = await aQueue();
      await queue.send('one');
      const message = await theOne(queue);
      advance(20 * second);
      await queue.extend(message, 30);
      advance(29 * second);
      await queue.remove(message);
      advance(hour);

      expect(await queue.receive()).toEqual([]);
    },
  },
  {
    name: 'deletes twice without complaint',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await queue.send('one');
      const message = await theOne(queue);
      await queue.remove(message);

      await expect(queue.remove(message)).resolves.toBeDefined();
    },
  },
  {
    name: 'refuses to extend an expired receipt: the message is not in flight',
    holds: async ({ aQueue, advance }) => {
      const queue = await aQueue();
      await queue.send('one');
      const message = await theOne(queue);
      advance(30 * second);
      await expect(queue.extend(message, 30)).rejects.toBeInstanceOf(MessageNotInflight);

      expect(bodies(await queue.receive())).toEqual(['one']);
    },
  },
  {
    name: 'refuses to extend what was deleted',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await queue.send('one');
      const message = await theOne(queue);
      await queue.remove(message);

      await refused(queue.extend(message, 30));
    },
  },
  {
    name: 'refuses garbage for a receipt, to delete and to extend',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      const garbage = { ReceiptHandle: 'garbage' };

      await expect(queue.remove(garbage)).rejects.toBeInstanceOf(ReceiptHandleIsInvalid);
      await expect(queue.extend(garbage, 30)).rejects.toBeInstanceOf(ReceiptHandleIsInvalid);
    },
  },
  {
    name: 'refuses the receipt of another queue',
    holds: async ({ aQueue }) => {
      const queue = await aQueue();
      await queue.send('one');

      await expect((await aQueue()).remove(await theOne(queue))).rejects.toBeInstanceOf(
        ReceiptHandleIsInvalid,
      );
    },
  },
  {
    name: 'lets nobody hold a message for more than 12 hours since it was received',
    holds: async ({ aQueue, advance }) => {
      const queue = await aQueue({ VisibilityTimeout: '43200' });
      await queue.send('one');
      const message = await theOne(queue);
      advance(11 * hour);
      await queue.extend(message, 3_600);
      await refused(queue.extend(message, 3_601));
      advance(hour);

      expect(bodies(await queue.receive())).toEqual(['one']);
    },
  },
  {
    name: 'deletes a batch as far as the receipts go, and names the others',
    holds: async ({ aQueue, advance }) => {
      const queue = await aQueue();
      await queue.send('stale', { group: 'a' });
      const stale = await theOne(queue);
      advance(30 * second);
      await queue.send('fresh', { group: 'b' });
      const both = await queue.receive();
      const fresh = both.find(({ Body }) => Body === 'fresh')!;
      const { Successful, Failed } = await queue.removeAll([fresh, stale, { ReceiptHandle: 'garbage' }]);

      expect(Successful).toEqual([{ Id: 'entry-0' }]);
      expect(Failed).toMatchObject([
        { Id: 'entry-1', Code: 'ReceiptHandleIsInvalid', SenderFault: true },
        { Id: 'entry-2', Code: 'ReceiptHandleIsInvalid', SenderFault: true },
      ]);
    },
  },
];
