import { describe, expect, it } from 'vitest';
import { laneOf, laneOrder } from '#core/lane.ts';
import { commands, lanes } from '#core/task.ts';

describe('the lane of a command', () => {
  it('is high for what a person waits for, low for what can wait, and normal for work', () => {
    const byLane = Object.groupBy(commands, laneOf);
    expect(byLane).toEqual({
      high: ['approve', 'reject', 'stop', 'status', 'help', 'why', 'run-ci'],
      normal: ['analyze', 'plan', 'fix', 'review', 'retry', 'ask'],
      low: ['improve', 'discover'],
    });
  });
});

describe('the order in which a worker asks the lanes', () => {
  it('prefers low for one worker of every four', () => {
    const firsts = Array.from({ length: 8 }, (_, nth) => laneOrder(nth, new Set(lanes))[0]);
    expect(firsts).toEqual(['high', 'high', 'high', 'low', 'high', 'high', 'high', 'low']);
  });

  it('begins with the lanes in which threads wait', () => {
    expect(laneOrder(0, new Set(['low']))).toEqual(['low', 'high', 'normal']);
    expect(laneOrder(1, new Set(['normal', 'low']))).toEqual(['normal', 'low', 'high']);
    expect(laneOrder(3, new Set(['high']))).toEqual(['high', 'low', 'normal']);
  });

  it('always names every lane once', () => {
    for (const nth of [0, 1, 2, 3])
      for (const waiting of [[], ['high'], ['low', 'normal']] as const)
        expect(laneOrder(nth, new Set(waiting)).toSorted()).toEqual([...lanes].toSorted());
  });
});
