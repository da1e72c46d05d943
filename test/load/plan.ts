// What is sent in which order: the same in every run of one size.
import type { Size } from './size.ts';

export type Ask = {
  kind: 'ask';
  thread: number;
  /** Only a writer's request becomes a task. */
  by: 'writer' | 'stranger';
  wants: 'change' | 'answer';
};
export const repeats = ['same id', 'same body', 'same trigger'] as const;
export type Repeat = { kind: (typeof repeats)[number]; of: Ask };
export const malformed = ['bad signature', 'not JSON', 'too large'] as const;
export type Planned = Ask | Repeat | { kind: (typeof malformed)[number] } | { kind: 'nothing'; nth: number };

export type Plan = {
  /** In the order of sending. */
  planned: readonly Planned[];
  /** Sent again when SQS has long forgotten them. */
  late: readonly Repeat[];
};

const lateEvery = 3;

export const makePlan = ({ deliveries, asks, threads }: Size): Plan => {
  const random = randomFrom(1);
  const made = times(asks, (index) => anAsk(index, threads));
  const again = times(Math.round(deliveries * 0.1), (index) => aRepeat(index, made));
  const [late, soon] = split(again, ({ kind }, index) => kind === 'same id' && index % lateEvery === 0);
  const wrong = times(Math.round(deliveries * 0.05), (index) => ({ kind: pick(malformed, index) }));
  const rest = deliveries - asks - again.length - wrong.length;
  const others: Planned[] = [...wrong, ...times(rest, (nth) => ({ kind: 'nothing' as const, nth }))];
  const planned = shuffled<Planned>([...made, ...others], random);
  // never before what it repeats; at once after it or much later, as it comes
  for (const repeat of soon) {
    const first = planned.indexOf(repeat.of) + 1;
    planned.splice(first + Math.floor(random() * (planned.length + 1 - first)), 0, repeat);
  }
  return { planned, late };
};

const anAsk = (index: number, threads: number): Ask => ({
  kind: 'ask',
  thread: index % threads,
  by: index % 20 === 7 ? 'stranger' : 'writer',
  wants: index % 3 === 2 ? 'answer' : 'change',
});

/** 7 is prime to every count of asks in use, so no two repeat the same one. */
const aRepeat = (index: number, asks: readonly Ask[]): Repeat => ({
  kind: pick(repeats, Math.floor(index / lateEvery) + index),
  of: pick(asks, index * 7),
});

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

const pick = <T>(list: readonly T[], index: number): T => {
  const found = list[index % list.length];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
};

const split = <T>(list: readonly T[], isFirst: (one: T, index: number) => boolean): [T[], T[]] => {
  const first = list.filter(isFirst);
  return [first, list.filter((one) => !first.includes(one))];
};

const shuffled = <T>(list: readonly T[], random: () => number): T[] =>
  list
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);

/** mulberry32: the same numbers in every run. */
const randomFrom = (seed: number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};
