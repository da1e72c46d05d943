// What a row of the conformance table may do: queues of its own, the SDK's calls, and the clock.
import type { Message, ReceiveMessageCommandInput, SendMessageCommandInput } from '@aws-sdk/client-sqs';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  SQSServiceException,
} from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { arn } from '#local/aws/names.ts';
import { clientOf } from '#test/local/aws/house.ts';

export type World = ReturnType<typeof createWorld>;
export type Queue = Awaited<ReturnType<World['aQueue']>>;
export type Row = { name: string; holds: (world: World) => Promise<void> };

/** How many messages from the front the strict model looks at here. */
export const windowSize = 20;

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;

let last = 0;

export const createWorld = (url: string, advance: (ms: number) => void) => {
  const client = new SQSClient(clientOf(url));
  const create = async (name: string, attributes: Record<string, string> = {}) => {
    const created = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
    return created.QueueUrl ?? '';
  };
  const aQueue = async (attributes: Record<string, string> = {}) => {
    const name = `queue-${(last += 1)}.fifo`;
    const QueueUrl = await create(name, { FifoQueue: 'true', VisibilityTimeout: '30', ...attributes });
    return { name, url: QueueUrl, arn: arn('sqs', name), ...verbsOf(client, QueueUrl) };
  };
  const aQueueWithDeadLetters = async (maxReceiveCount: number) => {
    const dead = await aQueue({ MessageRetentionPeriod: '3600' });
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount });
    return { dead, queue: await aQueue({ RedrivePolicy, MessageRetentionPeriod: '3600' }) };
  };
  return { client, url, advance, create, aQueue, aQueueWithDeadLetters, close: () => client.destroy() };
};

type Send = Partial<SendMessageCommandInput> & { group?: string; id?: string };

const verbsOf = (client: SQSClient, QueueUrl: string) => ({
  send: (body: string, { group = 'thread', id = body, ...rest }: Send = {}) =>
    client.send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: body,
        MessageGroupId: group,
        MessageDeduplicationId: id,
        ...rest,
      }),
    ),
  receive: async (options: Partial<ReceiveMessageCommandInput> = {}): Promise<Message[]> =>
    (await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, ...options })))
      .Messages ?? [],
  remove: ({ ReceiptHandle }: Message) => client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })),
  removeAll: (messages: Message[]) =>
    client.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: messages.map(({ ReceiptHandle }, index) => ({ Id: `entry-${index}`, ReceiptHandle })),
      }),
    ),
  extend: ({ ReceiptHandle }: Message, VisibilityTimeout: number) =>
    client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout })),
  attributes: async () =>
    (await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))).Attributes,
});

export const bodies = (messages: Message[]) => messages.map(({ Body }) => Body);

/** The only message of a queue, received. */
export const theOne = async (queue: Queue): Promise<Message> => {
  const [message, ...others] = await queue.receive();
  expect(others).toEqual([]);
  return message!;
};

/** Refused by SQS itself, whatever it calls the error. */
export const refused = async (call: Promise<unknown>) => {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(SQSServiceException);
  expect(error).toMatchObject({ $metadata: { httpStatusCode: 400 } });
};
