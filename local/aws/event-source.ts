// Lambda's event source mapping: receives from a FIFO queue, calls a function with each batch, deletes what it handled.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
import { setTimeout as wait } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Message } from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSMessageAttributes } from 'aws-lambda';
import type { Journal } from '#local/journal.ts';
import { failedIn } from './batch-failures.ts';
import type { Invoke } from './invocation.ts';
import { credentials, region } from './names.ts';

type Options = {
  journal: Journal;
  endpoint: string;
  queueUrl: string;
  queueArn: string;
  functionName: string;
  invoke: Invoke;
  batchSize?: number;
  /** Batches at the same time, each of other groups. */
  concurrency?: number;
  /** The longest that close waits for an empty poll: one that is cut off may take a message with it. */
  waitSeconds?: number;
};

export const startEventSource = (options: Options) => {
  const client = new SQSClient({ endpoint: options.endpoint, region, credentials });
  const closing = new AbortController();
  const state: State = { client, signal: closing.signal, busyGroups: new Set() };
  const loops = Array.from({ length: options.concurrency ?? 2 }, () => poll(options, state));
  return {
    /** Lets the polls and the running batches end; what a last poll brought is given back. */
    close: async () => {
      closing.abort();
      await Promise.all(loops);
      client.destroy();
    },
  };
};

type State = { client: SQSClient; signal: AbortSignal; busyGroups: Set<string> };

const poll = async (options: Options, state: State) => {
  while (!state.signal.aborted) {
    try {
      await pollOnce(options, state);
    } catch (error) {
      note(options, 500, { error: String(error) });
      // the pause ends early when the source closes
      await wait(200, undefined, { signal: state.signal }).catch(() => {});
    }
  }
};

const pollOnce = async (options: Options, { client, signal, busyGroups }: State) => {
  const { Messages: messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: options.queueUrl,
      MaxNumberOfMessages: options.batchSize ?? 10,
      WaitTimeSeconds: options.waitSeconds ?? 1,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    }),
  );
  if (signal.aborted) return await giveBack(client, options.queueUrl, messages);
  // a group whose messages became visible under a running batch stays with that batch; these come again
  const batch = messages.filter((message) => !busyGroups.has(groupOf(message)));
  if (batch.length === 0) return;
  const groups = new Set(batch.map(groupOf));
  for (const group of groups) busyGroups.add(group);
  try {
    await handle(options, client, batch);
  } finally {
    for (const group of groups) busyGroups.delete(group);
  }
};

const handle = async (options: Options, client: SQSClient, batch: Message[]) => {
  const { functionName, invoke, queueUrl, queueArn } = options;
  const end = await invoke(functionName, toEvent(batch, queueArn));
  const ids = batch.map(idOf);
  const failed = end.kind === 'answered' ? failedIn(end.result, ids) : new Set(ids);
  const done = batch.filter((message) => !failed.has(idOf(message)));
  note(options, failed.size === 0 ? 200 : 500, { messageIds: ids, failed: [...failed] });
  if (done.length === 0) return;
  const Entries = done.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
};

const giveBack = async (client: SQSClient, QueueUrl: string, messages: Message[]) => {
  for (const { ReceiptHandle } of messages)
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
};

const note = ({ journal, functionName, queueUrl }: Options, status: number, facts: Record<string, unknown>) =>
  journal.record({
    twin: 'event-source',
    call: functionName,
    status,
    detail: { queue: queueUrl.split('/').at(-1), ...facts },
  });

const idOf = ({ MessageId = '' }: Message) => MessageId;
const groupOf = ({ Attributes }: Message) => Attributes?.MessageGroupId ?? '';

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-fifo-queue-message-event */
const toEvent = (batch: Message[], eventSourceARN: string): SQSEvent => ({
  Records: batch.map((message) => ({
    messageId: idOf(message),
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '0',
      SenderId: '',
      ApproximateFirstReceiveTimestamp: '0',
      ...message.Attributes,
    },
    messageAttributes: toAttributes(message),
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN,
    awsRegion: region,
  })),
});

const toAttributes = ({ MessageAttributes = {} }: Message): SQSMessageAttributes =>
  Object.fromEntries(
    Object.entries(MessageAttributes).map(
      ([name, { StringValue: stringValue, DataType: dataType = 'String' }]) => [
        name,
        { dataType, ...(stringValue !== undefined && { stringValue }) },
      ],
    ),
  );
