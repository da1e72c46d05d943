// A received message as the SDK reads it, with what was asked for and no more.
import * as z from 'zod';
import { accountId } from './names.ts';
import { md5, md5OfAttributes } from './strict-message.ts';
import type { Received } from './strict-queue.ts';
import type { StoredMessage } from './strict-shelf.ts';

export const namesSchema = z.array(z.string()).default([]);

export const toSdkMessage = ({ message, receipt }: Received, system: string[], own: string[]) => {
  const attributes = pick(message.attributes, own);
  return {
    MessageId: message.id,
    ReceiptHandle: receipt,
    Body: message.body,
    MD5OfBody: md5(message.body),
    Attributes: some(pick(systemAttributesOf(message), system)),
    MessageAttributes: some(attributes),
    MD5OfMessageAttributes: md5OfAttributes(attributes),
  };
};

/** 20 digits that only grow. */
export const sequenceNumber = (sequence: number) => String(sequence).padStart(20, '0');

const systemAttributesOf = (message: StoredMessage): Record<string, string> => ({
  SenderId: accountId,
  SentTimestamp: String(message.sentAt),
  ApproximateReceiveCount: String(message.receiveCount),
  ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
  SequenceNumber: sequenceNumber(message.sequence),
  MessageGroupId: message.groupId,
  MessageDeduplicationId: message.deduplicationId,
  ...(message.deadLetterSource && { DeadLetterQueueSourceArn: message.deadLetterSource }),
});

/** By name, by `prefix.*`, or all. */
export const pick = <T>(attributes: Record<string, T>, names: string[]): Record<string, T> => {
  const isWanted = (name: string) =>
    names.some((wanted) =>
      wanted.endsWith('.*')
        ? name.startsWith(wanted.slice(0, -1)) || wanted === '.*'
        : wanted === name || wanted === 'All',
    );
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => isWanted(name)));
};

const some = <T extends object>(attributes: T) =>
  Object.keys(attributes).length > 0 ? attributes : undefined;
