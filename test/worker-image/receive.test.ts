import { describe, expect, it } from 'vitest';
import type { QueueReceiver, ReceivedMessage } from '#core/ports/queue.ts';
import type { Lane } from '#core/task.ts';
import { lanes } from '#core/task.ts';
import { createReceive } from '#worker/receive.ts';

const aMessage: ReceivedMessage = {
  messageId: 'm',
  groupId: 'g',
  body: '{}',
  receipt: 'r',
  receiveCount: 1,
};

/** Queues on a clock of their own: an empty poll takes its whole wait. */
const house = (messageOn: Partial<Record<Lane, number>> = {}) => {
  let seconds = 0;
  const polls: string[] = [];
  const queueOf = (lane: Lane): QueueReceiver => ({
    receive: ({ waitSeconds }) => {
      polls.push(`${lane} ${waitSeconds}`);
      const at = messageOn[lane];
      if (at !== undefined && seconds >= at) return Promise.resolve(aMessage);
      seconds += waitSeconds;
      return Promise.resolve(undefined);
    },
    acknowledge: () => Promise.resolve(),
    extend: () => Promise.resolve(),
  });
  const queues = { high: queueOf('high'), normal: queueOf('normal'), low: queueOf('low') };
  return { queues, polls, now: () => seconds * 1_000, seconds: () => seconds };
};

describe('receiving', () => {
  it('asks the lanes in their order, shortly at first, then longer', async () => {
    const { queues, polls, now } = house();
    const mayGoOn = () => Promise.resolve(true);
    const receive = createReceive({
      queues,
      laneOrder: ['low', 'high', 'normal'],
      idleMs: 120_000,
      mayGoOn,
      now,
    });
    expect(await receive()).toBeUndefined();
    expect(polls.slice(0, 7)).toEqual([
      'low 1',
      'high 1',
      'normal 1',
      'low 2',
      'high 2',
      'normal 2',
      'low 5',
    ]);
    expect(polls.at(-2)).toMatch(/ 20$/);
  });

  it('finds a message on the last lane within seconds', async () => {
    const { queues, now, seconds } = house({ low: 0 });
    const mayGoOn = () => Promise.resolve(true);
    const receive = createReceive({ queues, laneOrder: lanes, idleMs: 60_000, mayGoOn, now });
    expect(await receive()).toEqual({ lane: 'low', message: aMessage });
    expect(seconds()).toBeLessThanOrEqual(2);
  });

  it('takes what else is on a lane before it waits on the others', async () => {
    const { queues, now, seconds } = house({ normal: 0 });
    const mayGoOn = () => Promise.resolve(true);
    const receive = createReceive({ queues, laneOrder: lanes, idleMs: 60_000, mayGoOn, now });
    await receive();
    const waited = seconds();
    for (let more = 0; more < 20; more += 1) await receive();
    expect(seconds()).toBe(waited);
  });

  it('waits no longer than it may be idle', async () => {
    const { queues, now, seconds } = house();
    const mayGoOn = () => Promise.resolve(true);
    const receive = createReceive({ queues, laneOrder: lanes, idleMs: 7_000, mayGoOn, now });
    await receive();
    expect(seconds()).toBe(7);
  });

  it('takes nothing when it may not go on', async () => {
    const { queues, polls, now } = house({ high: 0 });
    const mayGoOn = () => Promise.resolve(false);
    const receive = createReceive({ queues, laneOrder: lanes, idleMs: 7_000, mayGoOn, now });
    expect(await receive()).toBeUndefined();
    expect(polls).toEqual([]);
  });
});
