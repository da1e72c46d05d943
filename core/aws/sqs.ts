import type { SQSClient } from '@aws-sdk/client-sqs';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSServiceException,
} from '@aws-sdk/client-sqs';
import type { QueueReceiver, QueueSender } from '#core/ports/queue.ts';
import { ReceiptLostError } from '#core/ports/queue.ts';

export const createQueueSender = (client: SQSClient, queueUrl: string): QueueSender => ({
  send: async ({ body, groupId, deduplicationId, attributes }) => {
    await client.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: body,
        MessageGroupId: groupId,
        MessageDeduplicationId: deduplicationId,
        ...(attributes && { MessageAttributes: toAttributes(attributes) }),
      }),
    );
  },
});

const toAttributes = (attributes: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
  );

/** One message at a time: a second one would wait, invisible, behind a job of many minutes. */
export const createQueueReceiver = (client: SQSClient, queueUrl: string): QueueReceiver => ({
  receive: async ({ waitSeconds, signal }) => {
    const { Messages: [message] = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 1,
        WaitTimeSeconds: waitSeconds,
        MessageSystemAttributeNames: ['ApproximateReceiveCount', 'MessageGroupId'],
      }),
      signal ? { abortSignal: signal } : {},
    );
    if (!message) return undefined;
    if (!message.ReceiptHandle) throw new Error('SQS gave a message without a receipt handle');
    return {
      messageId: message.MessageId ?? '',
      groupId: message.Attributes?.MessageGroupId ?? '',
      body: message.Body ?? '',
      receipt: message.ReceiptHandle,
      receiveCount: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
    };
  },
  acknowledge: async (receipt) => {
    const command = new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receipt });
    await client.send(command).catch(throwIfLost);
  },
  extend: async (receipt, visibilitySeconds) => {
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: queueUrl,
      ReceiptHandle: receipt,
      VisibilityTimeout: visibilitySeconds,
    });
    await client.send(command).catch(throwIfLost);
  },
});

/**
 * An expired receipt of a FIFO queue is an InvalidParameterValue to DeleteMessage, told from others in its text only. But
 * the parameters beside the receipt are ours and valid, except a visibility beyond 12 hours since the receive: and then
 * too the message comes again, whatever we do.
 */
const lostReceipts = new Set(['ReceiptHandleIsInvalid', 'MessageNotInflight', 'InvalidParameterValue']);

const throwIfLost = (error: unknown): never => {
  if (error instanceof SQSServiceException && lostReceipts.has(error.name))
    throw new ReceiptLostError('the receipt holds its message no more', { cause: error });
  throw error;
};
