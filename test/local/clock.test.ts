import { describe, expect, it } from 'vitest';
import { createClock } from '#local/clock.ts';

describe('a clock that stands still', () => {
  it('moves by what it is told to', () => {
    const clock = createClock({ standsAt: 1_000 });
    clock.advance(500);

    expect(clock.now()).toBe(1_500);
  });

  it('calls at each moment on its way, in order, at the time that was asked for', () => {
    const clock = createClock({ standsAt: 0 });
    const calls: [string, number][] = [];
    clock.at(300, () => calls.push(['late', clock.now()]));
    clock.at(100, () => {
      calls.push(['early', clock.now()]);
      clock.at(200, () => calls.push(['asked for on the way', clock.now()]));
    });
    clock.at(401, () => calls.push(['too late', clock.now()]));
    clock.advance(400);

    expect(calls).toEqual([
      ['early', 100],
      ['asked for on the way', 200],
      ['late', 300],
    ]);
    expect(clock.now()).toBe(400);
  });

  it('does not call what was called off', () => {
    const clock = createClock({ standsAt: 0 });
    let calls = 0;
    const callOff = clock.at(100, () => (calls += 1));
    callOff();
    clock.advance(100);

    expect(calls).toBe(0);
  });
});

describe('a clock that runs', () => {
  it('calls when the time has come', async () => {
    const clock = createClock();
    const time = clock.now() + 20;
    await new Promise<void>((resolve) => clock.at(time, resolve));

    expect(clock.now()).toBeGreaterThanOrEqual(time);
  });

  it('calls at once what a jump passes', async () => {
    const clock = createClock();
    const time = clock.now() + 3_600_000;
    const called = new Promise<void>((resolve) => clock.at(time, resolve));
    clock.advance(3_600_000);
    await called;

    expect(clock.now()).toBeGreaterThanOrEqual(time);
  });
});
