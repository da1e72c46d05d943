// Time that passes only when a test lets it: what is to happen, in order, and a dice that always falls the same way.

export type Clock = ReturnType<typeof createClock>;

export const createClock = () => {
  const events: { at: number; act: () => Promise<void> | void }[] = [];
  let nowMs = 0;
  return {
    now: () => nowMs,
    after: (ms: number, act: () => Promise<void> | void) => {
      const at = nowMs + ms;
      const place = events.findLastIndex((event) => event.at <= at) + 1;
      events.splice(place, 0, { at, act });
    },
    /** `around` sees each event, before and after it. */
    run: async (untilMs: number, around: () => void) => {
      for (let next = events[0]; next && next.at <= untilMs; next = events[0]) {
        events.shift();
        around();
        nowMs = next.at;
        around();
        await next.act();
        around();
      }
      nowMs = untilMs;
    },
  };
};

/** Numbers in [0, 1): mulberry32, by Tommy Ettinger, in the public domain. */
export const createDice = (seed: number) => {
  let state = seed;
  const roll = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    between: (least: number, most: number) => least + roll() * (most - least),
    happens: (chance: number) => roll() < chance,
    oneOf: <T>(items: readonly [T, ...T[]]): T => items[Math.floor(roll() * items.length)] ?? items[0],
  };
};
