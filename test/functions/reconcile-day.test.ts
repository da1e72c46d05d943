import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { visibilitySeconds } from '#core/job.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import type { createDice } from '#test/support/simulated-clock.ts';
import { playDay } from '#test/support/simulated-day.ts';
import type { Fate } from '#test/support/simulated-fleet.ts';

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const cap = 8;
const fate: Fate = {
  startMs: [45 * secondMs, 90 * secondMs],
  jobMs: [2 * minuteMs, 15 * minuteMs],
  idleMs: minuteMs,
  noRoom: 0.02,
  neverStarts: 0.02,
  killed: 0.05,
};
/** A killed worker's message comes back, the tick that launches, the start, a poll of the lanes. */
const patienceMs = visibilitySeconds * secondMs + minuteMs + fate.startMs[1] + 3 * secondMs;

describe('a day of requests', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await migratedDatabase();
  });
  afterAll(() => database.close());

  it(
    'leaves nobody waiting while there is room, and ends with nothing open',
    { timeout: 120_000 },
    async () => {
      const { waits, counts, mostOccupied, recorded } = await playDay({
        database,
        seed: 12,
        cap,
        fate,
        arrivals,
        lostPokes: 0.1,
        endMs: 26 * hourMs,
      });
      const worst = Math.max(...waits);
      process.stdout.write(
        `a day: ${recorded} tasks, ${counts.launches} workers launched, ${counts.surplus} of them found nothing, ` +
          `${counts.killed} were killed, ${counts.neverStarted} never started; ` +
          `the longest wait with room was ${Math.round(worst / secondMs)} s\n`,
      );
      expect(worst).toBeLessThanOrEqual(patienceMs);
      expect(mostOccupied).toBeLessThanOrEqual(cap);
      expect(recorded).toBeGreaterThan(80);
      expect([counts.killed, counts.neverStarted].every((count) => count > 0)).toBe(true);
      expect(counts.surplus).toBeLessThanOrEqual(5);
      expect(await database.query("select from tasks where status <> 'expired'")).toEqual([]);
      expect(await database.query('select from workers where ended_at is null')).toEqual([]);
      const [{ attempts }] = (await database.query('select sum(attempt)::int as attempts from tasks')) as [
        { attempts: number },
      ];
      expect(attempts).toBe(recorded + counts.killed);
    },
  );
});

/** Office hours with three bursts, and a quiet night. */
const arrivals = (dice: ReturnType<typeof createDice>): number[] => {
  const many = (count: number, from: number, to: number) =>
    Array.from({ length: count }, () => dice.between(from, to) * hourMs);
  return [
    ...many(40, 8, 18),
    ...[9, 13.5, 16].flatMap((hour) => many(15, hour, hour + 1 / 30)),
    ...many(5, 19, 24),
  ];
};
