// One FIFO queue as a value of time: everything it does follows from what it was asked and when.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
import { randomUUID } from 'node:crypto';
import { createDeduplication } from './strict-deduplication.ts';
import { readReceipt, writeReceipt } from './strict-receipt.ts';
import { createShelf } from './strict-shelf.ts';
import type { NewMessage, Shelf, StoredMessage } from './strict-shelf.ts';

export type Received = { message: StoredMessage; receipt: string };
/** Which kind of bad a receipt is. A message that is gone was deleted, moved or too old. */
export type ReceiptFault = 'garbage' | 'gone' | 'expired';

type Settings = {
  name: string;
  retentionMs: number;
  deduplicationScope: 'queue' | 'messageGroup';
  /** More receives than these and it is dead. */
  maxReceiveCount?: number | undefined;
  /** How many messages from the front a receive looks at: SQS sees 120,000. */
  windowSize?: number | undefined;
};

export type StrictQueue = ReturnType<typeof createStrictQueue>;

/** SQS lets nobody hold a message for longer, whatever the heartbeats. */
export const longestVisibilityMs = 12 * 60 * 60 * 1000;

export const createStrictQueue = (settings: Settings) => {
  const shelf = createShelf(settings);
  const deduplication = createDeduplication(settings.deduplicationScope);

  const send = (input: NewMessage, now: number) =>
    deduplication.once(input, now, () => {
      const times = { sentAt: now, enqueuedAt: now, receivedAt: 0, visibleAt: now };
      return shelf.add({ ...input, ...times, id: randomUUID(), receiveCount: 0 });
    });

  /** What another queue gave up: as it was, behind all that is here, its age counted anew. */
  const adopt = (message: StoredMessage, source: string, now: number) => {
    const { receipt: _, ...kept } = message;
    shelf.add({ ...kept, enqueuedAt: now, visibleAt: now, deadLetterSource: source });
  };

  const receive = ({ max, visibilityMs }: { max: number; visibilityMs: number }, now: number) => {
    shelf.dropOlderThan(now - settings.retentionMs);
    const taken: Received[] = [];
    const dead: StoredMessage[] = [];
    for (const message of shelf.deliverable(now)) {
      if (message.receiveCount >= (settings.maxReceiveCount ?? Infinity)) {
        shelf.remove(message);
        dead.push(message);
        continue;
      }
      const receipt = writeReceipt({ queue: settings.name, sequence: message.sequence });
      shelf.hold(message, { receipt, now, visibleAt: now + visibilityMs });
      taken.push({ message: { ...message }, receipt });
      if (taken.length === max) break;
    }
    shelf.toTheBack(new Set(taken.map(({ message }) => message.groupId)));
    return { taken, dead };
  };

  return {
    send,
    adopt,
    receive,
    ...receiptVerbs(settings, shelf),
    /** The next moment at which something held is seen again, if nobody does anything. */
    nextVisibleAt: (now: number) => Math.min(...shelf.held(now).map(({ visibleAt }) => visibleAt)),
    /** Messages behind a held one of their group count as waiting too, as in SQS. */
    depth: (now: number) => {
      shelf.dropOlderThan(now - settings.retentionMs);
      const inFlight = shelf.held(now).length;
      return { waiting: shelf.size() - inFlight, inFlight };
    },
  };
};

const receiptVerbs = ({ name, retentionMs }: Settings, shelf: Shelf) => {
  const holder = (receipt: string, now: number): StoredMessage | ReceiptFault => {
    shelf.dropOlderThan(now - retentionMs);
    const read = readReceipt(receipt);
    if (read?.queue !== name) return 'garbage';
    const message = shelf.get(read.sequence);
    if (!message) return 'gone';
    return message.receipt === receipt && message.visibleAt > now ? message : 'expired';
  };
  const remove = (receipt: string, now: number): 'deleted' | ReceiptFault => {
    const message = holder(receipt, now);
    if (typeof message === 'string') return message;
    shelf.remove(message);
    return 'deleted';
  };
  const extend = (receipt: string, visibilityMs: number, now: number) => {
    const message = holder(receipt, now);
    if (typeof message === 'string') return message;
    if (now + visibilityMs > message.receivedAt + longestVisibilityMs) return 'too_long';
    shelf.hide(message, now + visibilityMs);
    return 'extended';
  };
  return { remove, extend };
};
