import type { ReceiveMessageCommandInput } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { bodies, minute, refused } from './world.ts';
import type { Queue, Row } from './world.ts';

const receiveAndGiveBack = (queue: Queue) => queue.receive({ MaxNumberOfMessages: 1, VisibilityTimeout: 0 });
const all: Partial<ReceiveMessageCommandInput> = {
  MessageSystemAttributeNames: ['All'],
  MessageAttributeNames: ['All'],
};

export const deadLetterRows: Row[] = [
  {
    name: 'moves what was received too often to the dead letters, and goes on with the group',
    holds: async ({ aQueueWithDeadLetters }) => {
      const { queue, dead } = await aQueueWithDeadLetters(2);
      await queue.send('poison');
      await queue.send('next');
      expect(bodies(await receiveAndGiveBack(queue))).toEqual(['poison']);
      expect(bodies(await receiveAndGiveBack(queue))).toEqual(['poison']);

      expect(bodies(await queue.receive())).toEqual(['next']);
      expect(bodies(await dead.receive())).toEqual(['poison']);
    },
  },
  {
    name: 'keeps a dead letter as it was: id, group, attributes, time of sending, count of receives',
    holds: async ({ aQueueWithDeadLetters, advance }) => {
      const { queue, dead } = await aQueueWithDeadLetters(1);
      const MessageAttributes = { kind: { DataType: 'String', StringValue: 'poison' } };
      const { MessageId } = await queue.send('poison', { MessageAttributes, group: 'g', id: 'd' });
      const [alive] = await queue.receive({ ...all, VisibilityTimeout: 0 });
      advance(minute);
      expect(await queue.receive()).toEqual([]);

      expect(await dead.receive(all)).toMatchObject([
        {
          MessageId,
          Body: 'poison',
          MessageAttributes,
          Attributes: {
            MessageGroupId: 'g',
            MessageDeduplicationId: 'd',
            SentTimestamp: alive!.Attributes!.SentTimestamp,
            ApproximateReceiveCount: '2',
          },
        },
      ]);
    },
  },
  {
    name: 'says of a dead letter which queue gave it up',
    holds: async ({ aQueueWithDeadLetters }) => {
      const { queue, dead } = await aQueueWithDeadLetters(1);
      await queue.send('poison');
      await receiveAndGiveBack(queue);
      await queue.receive();
      const [letter] = await dead.receive(all);

      expect(letter!.Attributes).toMatchObject({ DeadLetterQueueSourceArn: queue.arn });
    },
  },
  {
    name: 'ends a long poll of the dead letters when one comes',
    holds: async ({ aQueueWithDeadLetters }) => {
      const { queue, dead } = await aQueueWithDeadLetters(1);
      await queue.send('poison');
      await receiveAndGiveBack(queue);
      const poll = dead.receive({ WaitTimeSeconds: 20 });
      await queue.receive();

      expect(bodies(await poll)).toEqual(['poison']);
    },
  },
  {
    name: 'counts the age of a dead letter from its coming there, as only FIFO queues do',
    holds: async ({ aQueueWithDeadLetters, advance }) => {
      const { queue, dead } = await aQueueWithDeadLetters(1);
      await queue.send('poison');
      await receiveAndGiveBack(queue);
      advance(59 * minute);
      await queue.receive();
      advance(59 * minute);
      expect(bodies(await dead.receive({ VisibilityTimeout: 0 }))).toEqual(['poison']);
      advance(minute);

      expect(await dead.receive()).toEqual([]);
    },
  },
  {
    name: 'refuses a standard queue as the dead letters of a FIFO queue',
    holds: async ({ aQueue, create }) => {
      await create('standard');
      const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:000000000000:standard';

      await refused(aQueue({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 }) }));
    },
  },
  {
    name: 'refuses dead letters that are not there',
    holds: async ({ aQueue }) => {
      const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:000000000000:nowhere.fifo';

      await refused(aQueue({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 3 }) }));
    },
  },
];
