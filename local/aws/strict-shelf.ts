// The messages of one queue in order, by group, and which of them are held by somebody.
import type { MessageAttributes } from './strict-message.ts';

export type NewMessage = {
  body: string;
  attributes: MessageAttributes;
  groupId: string;
  deduplicationId: string;
};

export type StoredMessage = NewMessage & {
  id: string;
  sequence: number;
  sentAt: number;
  /** When it came into this queue: for its age. */
  enqueuedAt: number;
  receiveCount: number;
  firstReceivedAt?: number;
  receivedAt: number;
  visibleAt: number;
  /** Of the last receive. */
  receipt?: string;
  deadLetterSource?: string;
};

type Hold = { receipt: string; now: number; visibleAt: number };
type Groups = Map<string, StoredMessage[]>;

export type Shelf = ReturnType<typeof createShelf>;

export const createShelf = ({ windowSize = 120_000 }: { windowSize?: number | undefined }) => {
  const messages = new Map<number, StoredMessage>();
  const groups: Groups = new Map();
  const holds = createHolds();
  let lastSequence = 0;

  const add = (message: Omit<StoredMessage, 'sequence'>) => {
    lastSequence += 1;
    const added = { ...message, sequence: lastSequence };
    messages.set(added.sequence, added);
    addTo(groups, added);
    return added;
  };
  const remove = (message: StoredMessage) => {
    messages.delete(message.sequence);
    holds.forget(message);
    removeFrom(groups, message);
  };
  const dropOlderThan = (time: number) => {
    for (const message of messages.values()) {
      if (message.enqueuedAt > time) return; // they stand in the order of their coming
      remove(message);
    }
  };
  /** The last sequence that a receive can see. */
  const horizon = () =>
    messages.size <= windowSize ? lastSequence : ([...messages.keys()][windowSize - 1] ?? 0);
  return {
    add,
    remove,
    dropOlderThan,
    get: (sequence: number) => messages.get(sequence),
    size: () => messages.size,
    deliverable: (now: number) => deliverable(groups, { now, horizon: horizon() }),
    toTheBack: (groupIds: ReadonlySet<string>) => toTheBack(groups, groupIds),
    hold: (message: StoredMessage, hold: Hold) => {
      receive(message, hold);
      holds.hide(message, hold.visibleAt);
    },
    hide: holds.hide,
    held: holds.held,
  };
};

const receive = (message: StoredMessage, { receipt, now }: Hold) => {
  message.receiveCount += 1;
  message.firstReceivedAt ??= now;
  message.receivedAt = now;
  message.receipt = receipt;
};

const addTo = (groups: Groups, message: StoredMessage) => {
  const group = groups.get(message.groupId);
  if (group) group.push(message);
  else groups.set(message.groupId, [message]);
};

const removeFrom = (groups: Groups, message: StoredMessage) => {
  const group = groups.get(message.groupId) ?? [];
  group.splice(group.indexOf(message), 1);
  if (group.length === 0) groups.delete(message.groupId);
};

/**
 * Group after group, each up to its first message that is held. So one that was given back is seen again although a
 * later one of its group is still held by whoever received both: AWS does so.
 */
const deliverable = function* (groups: Groups, { now, horizon }: { now: number; horizon: number }) {
  // copies: what is taken or removed on the way changes the originals
  for (const group of Array.from(groups.values()))
    for (const message of group.slice()) {
      if (message.sequence > horizon || message.visibleAt > now) break;
      yield message;
    }
};

/** Whoever was served stands behind the other groups: one that always fails cannot starve them. */
const toTheBack = (groups: Groups, groupIds: ReadonlySet<string>) => {
  for (const id of groupIds) {
    const group = groups.get(id);
    if (group && groups.delete(id)) groups.set(id, group);
  }
};

const createHolds = () => {
  const hidden = new Set<StoredMessage>();
  return {
    hide: (message: StoredMessage, until: number) => {
      message.visibleAt = until;
      hidden.add(message);
    },
    forget: (message: StoredMessage) => hidden.delete(message),
    held: (now: number) => {
      for (const message of hidden) if (message.visibleAt <= now) hidden.delete(message);
      return [...hidden];
    },
  };
};
