import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createEmulator } from '#local/aws/emulator.ts';
import { startSqs } from '#local/aws/sqs.ts';
import { startStrictSqs } from '#local/aws/strict-sqs.ts';
import { createClock } from '#local/clock.ts';
import { aHouse } from './house.ts';
import { deadLetterRows } from './sqs-conformance/dead-letters.ts';
import { deduplicationRows } from './sqs-conformance/deduplication.ts';
import { emulatorIsWrong } from './sqs-conformance/emulator-is-wrong.ts';
import { groupRows } from './sqs-conformance/groups.ts';
import { limitRows } from './sqs-conformance/limits.ts';
import { receiptRows } from './sqs-conformance/receipts.ts';
import { receiveRows } from './sqs-conformance/receives.ts';
import { createWorld, windowSize } from './sqs-conformance/world.ts';
import type { World } from './sqs-conformance/world.ts';

const rows = [
  ...groupRows,
  ...deduplicationRows,
  ...receiptRows,
  ...deadLetterRows,
  ...limitRows,
  ...receiveRows,
];

describe('the strict model', () => {
  let server: Awaited<ReturnType<typeof startStrictSqs>>;
  let world: World;

  beforeAll(async () => {
    const clock = createClock({ standsAt: Date.now() });
    server = await startStrictSqs({ ...aHouse(), clock, windowSize });
    world = createWorld(server.url, clock.advance);
  });
  afterAll(async () => {
    world.close();
    await server.close();
  });

  it.each(rows)('$name', async ({ holds }) => {
    expect.hasAssertions();
    await holds(world);
  });
});

describe('the embedded emulator', () => {
  const emulator = createEmulator();
  let server: Awaited<ReturnType<typeof startSqs>>;
  let world: World;

  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'] }); // it knows no clock but the machine's, and reads it only
    server = await startSqs({ ...aHouse(), emulator });
    world = createWorld(server.url, (ms) => vi.setSystemTime(Date.now() + ms));
  });
  afterAll(async () => {
    world.close();
    await server.close();
    await emulator.close();
    vi.useRealTimers();
  });

  it('is wrong only in what the table has', () => {
    expect([...emulatorIsWrong].filter((wrong) => rows.every(({ name }) => name !== wrong))).toEqual([]);
  });
  it.each(rows.filter(({ name }) => !emulatorIsWrong.has(name)))('$name', async ({ holds }) => {
    expect.hasAssertions();
    await holds(world);
  });
  it.each(rows.filter(({ name }) => emulatorIsWrong.has(name)))('not yet: $name', async ({ holds }) => {
    await expect(holds(world)).rejects.toBeInstanceOf(Error);
  });
});
