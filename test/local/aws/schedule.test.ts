import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ScheduledEvent } from 'aws-lambda';
import { startSchedule } from '#local/aws/schedule.ts';

describe('schedule', () => {
  beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) }));
  afterEach(() => void vi.useRealTimers());

  it('calls at its rate with the event of EventBridge', async () => {
    const events: ScheduledEvent[] = [];
    const schedule = startSchedule({ everyMs: 1_000, invoke: async (event) => events.push(event) });
    expect(events).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(2_000);
    await schedule.close();
    await vi.advanceTimersByTimeAsync(5_000);

    expect(events).toHaveLength(2);
    expect(events[0]).toEqual({
      version: '0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: '000000000000',
      time: '2026-01-01T00:00:01Z',
      region: 'us-east-1',
      resources: ['arn:aws:events:us-east-1:000000000000:rule/local'],
      detail: {},
    });
  });

  it('leaves out a tick while the last one runs, and waits for it at the end', async () => {
    const ends: (() => void)[] = [];
    const schedule = startSchedule({
      everyMs: 1_000,
      invoke: () => new Promise<void>((resolve) => ends.push(resolve)),
    });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(ends).toHaveLength(1);
    let isClosed = false;
    const closed = schedule.close().then(() => (isClosed = true));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(isClosed).toBe(false);
    ends[0]!();
    await closed;
  });

  it('goes on after a call that failed', async () => {
    let calls = 0;
    const schedule = startSchedule({
      everyMs: 1_000,
      invoke: async () => {
        calls += 1;
        throw new Error('no such function');
      },
    });
    await vi.advanceTimersByTimeAsync(2_000);
    await schedule.close();

    expect(calls).toBe(2);
  });
});
