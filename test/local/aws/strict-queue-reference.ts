// What a FIFO queue must do, as simply as it can be said: lists, and who holds what until when.
import { expect } from 'vitest';

type Entry = {
  body: string;
  group: string;
  sequence: number;
  sentAt: number;
  receives: number;
  receivedAt: number;
  heldUntil: number;
  receipt?: string;
};
type Given = { body: string; group: string; receipt: string };

export const createReference = ({ maxReceiveCount = Infinity }: { maxReceiveCount?: number | undefined }) => {
  let entries: Entry[] = [];
  const sentEver: Entry[] = [];
  const owners = new Map<string, string>();

  const remove = (gone: Entry) => {
    entries = entries.filter((entry) => entry !== gone);
  };
  /** What a receive may give of a group: all up to the first that somebody holds. */
  const free = (group: string, now: number) => {
    const all = entries.filter((entry) => entry.group === group);
    const held = all.findIndex(({ heldUntil }) => heldUntil > now);
    return held === -1 ? all : all.slice(0, held);
  };
  const holder = (receipt: string, now: number) => {
    const entry = entries.find(({ body }) => body === owners.get(receipt));
    if (!entry) return 'gone';
    return entry.receipt === receipt && entry.heldUntil > now ? entry : 'expired';
  };

  return {
    sent: (body: string, group: string, { sequence, now }: { sequence: number; now: number }) => {
      expect(sequence).toBeGreaterThan(sentEver.at(-1)?.sequence ?? 0);
      const entry = { body, group, sequence, sentAt: now, receives: 0, receivedAt: 0, heldUntil: 0 };
      entries.push(entry);
      sentEver.push(entry);
    },
    recentlySent: (now: number) => sentEver.filter(({ sentAt }) => now < sentAt + 300_000),
    died: (body: string, now: number) => {
      const entry = entries.find((entry) => entry.body === body);
      expect(entry).toMatchObject({ receives: maxReceiveCount });
      expect(entry!.heldUntil).toBeLessThanOrEqual(now);
      remove(entry!);
    },
    received: (given: Given[], { max, now, until }: { max: number; now: number; until: number }) => {
      const groups = [...new Set(entries.map(({ group }) => group))];
      const all = groups.flatMap((group) => free(group, now));
      expect(given.length).toBe(Math.min(max, all.length));
      for (const group of groups) {
        const bodies = given.filter((one) => one.group === group).map(({ body }) => body);
        expect(bodies).toEqual(
          free(group, now)
            .slice(0, bodies.length)
            .map(({ body }) => body),
        );
      }
      for (const { body, receipt } of given) {
        const entry = entries.find((entry) => entry.body === body)!;
        expect(entry.receives).toBeLessThan(maxReceiveCount);
        expect(owners.has(receipt)).toBe(false);
        owners.set(receipt, body);
        Object.assign(entry, { receipt, receivedAt: now, heldUntil: until, receives: entry.receives + 1 });
      }
    },
    deleted: (receipt: string, now: number) => {
      const entry = holder(receipt, now);
      if (typeof entry === 'string') return entry;
      remove(entry);
      return 'deleted';
    },
    extended: (receipt: string, { now, until }: { now: number; until: number }) => {
      const entry = holder(receipt, now);
      if (typeof entry === 'string') return entry;
      if (until > entry.receivedAt + 12 * 3_600_000) return 'too_long';
      entry.heldUntil = until;
      return 'extended';
    },
    left: () => entries,
  };
};
