// Random histories of one queue against a reference that is only lists and who holds what.
// FIFO_RUNS=5000 for the long form; a failure prints its seed, FIFO_SEED runs it again.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStrictQueue } from '#local/aws/strict-queue.ts';
import { createReference } from './strict-queue-reference.ts';

const numRuns = Number(process.env['FIFO_RUNS'] ?? 300);
const seed = process.env['FIFO_SEED'];
const visibilityMs = 30_000;
const twelveHoursMs = 12 * 3_600_000;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('send'), group: fc.constantFrom('a', 'b', 'c') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('send again'), pick: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('receive'), max: fc.integer({ min: 1, max: 10 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete'), pick: fc.nat() }) },
  // as a worker does that lives, and as one does that comes back from a long pause
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('heartbeat'), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('give back'), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash') }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.integer({ min: 1, max: 2 * visibilityMs }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire') }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('sleep'), ms: fc.constantFrom(twelveHoursMs, 300_000) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const run = (history: readonly Step[], maxReceiveCount?: number) => {
  const retentionMs = 14 * 86_400_000 * 10; // beyond what a history can wait
  const queue = createStrictQueue({
    name: 'q.fifo',
    retentionMs,
    deduplicationScope: 'queue',
    maxReceiveCount,
  });
  const reference = createReference({ maxReceiveCount });
  let now = 1_700_000_000_000;
  let sent = 0;
  let receipts: string[] = [];

  const receive = (max: number) => {
    const { taken, dead } = queue.receive({ max, visibilityMs }, now);
    for (const { body } of dead) reference.died(body, now);
    reference.received(
      taken.map(({ message, receipt }) => ({ body: message.body, group: message.groupId, receipt })),
      { max, now, until: now + visibilityMs },
    );
    receipts.push(...taken.map(({ receipt }) => receipt));
    return taken;
  };
  const send = (body: string, groupId: string) =>
    queue.send({ body, attributes: {}, groupId, deduplicationId: body }, now);
  const picked = (pick: number) => receipts[pick % Math.max(receipts.length, 1)];

  const take = (step: Step) => {
    switch (step.kind) {
      case 'send': {
        const body = `${step.group}${(sent += 1)}`;
        reference.sent(body, step.group, { sequence: send(body, step.group).sequence, now });
        return;
      }
      case 'send again': {
        const known = reference.recentlySent(now);
        const again = known[step.pick % Math.max(known.length, 1)];
        if (again) expect(send(again.body, again.group).sequence).toBe(again.sequence);
        return;
      }
      case 'receive':
        receive(step.max);
        return;
      case 'delete': {
        const receipt = picked(step.pick);
        if (receipt) expect(queue.remove(receipt, now)).toBe(reference.deleted(receipt, now));
        return;
      }
      case 'heartbeat':
      case 'give back': {
        const receipt = picked(step.pick);
        const ms = step.kind === 'heartbeat' ? visibilityMs : 0;
        if (receipt)
          expect(queue.extend(receipt, ms, now)).toBe(reference.extended(receipt, { now, until: now + ms }));
        return;
      }
      case 'crash':
        receipts = [];
        return;
      case 'expire':
        now += visibilityMs;
        return;
      case 'wait':
      case 'sleep':
        now += step.ms;
    }
  };
  for (const step of history) take(step);

  // whatever happened: in the end every message that is left comes out, in order
  now += twelveHoursMs;
  while (reference.left().length > 0) {
    const taken = receive(10);
    for (const { receipt } of taken) expect(queue.remove(receipt, now)).toBe(reference.deleted(receipt, now));
  }
  expect(queue.depth(now)).toEqual({ waiting: 0, inFlight: 0 });
};

const histories = fc.array(step, { minLength: 20, maxLength: 100, size: 'max' });
const reportOf = (maxReceiveCount?: number) => {
  const holds = fc.property(histories, (history) => run(history, maxReceiveCount));
  return fc.defaultReportMessage(fc.check(holds, { numRuns, ...(seed && { seed: Number(seed) }) }));
};

describe('any history of a strict queue', () => {
  it('loses nothing, keeps each group in order, and gives no message to two at once', () => {
    expect(reportOf()).toBeUndefined();
  });

  it('puts aside what was received too often, and nothing else', () => {
    expect(reportOf(3)).toBeUndefined();
  });
});
