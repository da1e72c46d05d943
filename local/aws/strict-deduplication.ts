// SQS remembers what was sent for five minutes, whether it still waits or is long deleted.
type Key = { groupId: string; deduplicationId: string };
type Sent = { id: string; sequence: number };

const windowMs = 5 * 60 * 1000;

export const createDeduplication = (scope: 'queue' | 'messageGroup') => {
  const sent = new Map<string, { at: number; first: Sent }>();
  const keyOf = ({ groupId, deduplicationId }: Key) =>
    scope === 'queue' ? deduplicationId : `${groupId} ${deduplicationId}`; // neither can have a space

  const forget = (now: number) => {
    for (const [key, { at }] of sent) {
      if (at + windowMs > now) return; // they stand in the order of their coming
      sent.delete(key);
    }
  };
  /** Sends it, or gives what the first one with this id was answered. */
  const once = (message: Key, now: number, send: () => Sent): Sent => {
    forget(now);
    const known = sent.get(keyOf(message));
    if (known) return known.first;
    const first = send();
    sent.set(keyOf(message), { at: now, first });
    return first;
  };
  return { once };
};
