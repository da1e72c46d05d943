import { describe, expect, it } from 'vitest';
import type { Hold } from '#core/job.ts';
import { ReceiptLostError } from '#core/ports/queue.ts';
import { aLog } from '#test/support/fakes.ts';
import type { Heartbeat } from '#worker/lease/heartbeat.ts';
import { startHeartbeat } from '#worker/lease/heartbeat.ts';
import type { StoppedError } from '#worker/lease/stopped.ts';

const never = 1_000_000;

const aHeart = (changes: Partial<Heartbeat>) => {
  const { log, lines } = aLog();
  const stopped = Promise.withResolvers<string>();
  const heart = startHeartbeat({
    renew: () => Promise.resolve({ kind: 'held' }),
    extend: () => Promise.resolve(),
    beat: () => Promise.resolve(),
    stopJob: ({ code }: StoppedError) => stopped.resolve(code),
    log,
    every: { leaseMs: 2, visibilityMs: 2 },
    ...changes,
  });
  return { ...heart, stopped: stopped.promise, lines };
};

/** Fails as the list says, then goes well; resolves `done` after as many calls. */
const failing = (failures: boolean[], more = 3) => {
  const done = Promise.withResolvers<void>();
  let calls = 0;
  const call = () => {
    calls += 1;
    if (calls >= failures.length + more) done.resolve();
    return failures[calls - 1] ? Promise.reject(new Error('away')) : Promise.resolve();
  };
  return { call, done: done.promise, calls: () => calls };
};

describe('the heartbeat', () => {
  it('renews the lease, shows that the worker lives, and keeps the message', async () => {
    const [beat, extend] = [failing([]), failing([])];
    const { stop } = aHeart({ beat: beat.call, extend: extend.call });
    await Promise.all([beat.done, extend.done]);
    await stop();
    expect([beat.calls(), extend.calls()].every((calls) => calls >= 3)).toBe(true);
  });

  it.each<[Hold, string]>([
    [{ kind: 'lost' }, 'lease_lost'],
    [{ kind: 'frozen' }, 'frozen'],
    [{ kind: 'stop', by: 'demo' }, 'stop_asked'],
  ])('stops the job when the answer to its beat is %j', async (hold, code) => {
    const { stop, stopped } = aHeart({ renew: () => Promise.resolve(hold) });
    expect(await stopped).toBe(code);
    await stop();
  });

  it('asks at once when it is told to', async () => {
    const { ask, stop, stopped } = aHeart({
      renew: () => Promise.resolve({ kind: 'stop', by: 'demo' }),
      every: { leaseMs: never, visibilityMs: never },
    });
    await ask();
    expect(await stopped).toBe('stop_asked');
    await stop();
  });

  it('stops the job when Postgres has been away for ten minutes', async () => {
    let now = 0;
    const { ask, stop, stopped, lines } = aHeart({
      renew: () => Promise.reject(new Error('away')),
      every: { leaseMs: never, visibilityMs: never },
      now: () => now,
    });
    now = 9 * 60_000;
    await ask();
    expect(lines).toHaveLength(1);
    const before = await Promise.race([stopped, Promise.resolve('goes on')]);
    expect(before).toBe('goes on');
    now = 10 * 60_000;
    await ask();
    expect(await stopped).toBe('database_away');
    await stop();
  });

  it('stops the job after two missed beats of the queue in a row', async () => {
    const extend = failing([true, true], 0);
    const { stop, stopped } = aHeart({ extend: extend.call });
    expect(await stopped).toBe('beats_missed');
    await stop();
  });

  it('stops the job at once when the message went back to the queue', async () => {
    const { stop, stopped } = aHeart({
      extend: () => Promise.reject(new ReceiptLostError('expired')),
    });
    expect(await stopped).toBe('receipt_lost');
    await stop();
  });

  it('goes on when one beat is missed now and then', async () => {
    const extend = failing([true, false, true, false, true, false]);
    let isStopped = false;
    const { stop, lines } = aHeart({
      extend: extend.call,
      stopJob: () => {
        isStopped = true;
      },
    });
    await extend.done;
    await stop();
    expect(isStopped).toBe(false);
    expect(lines.filter(({ message }) => message === 'queue beat missed')).toHaveLength(3);
  });

  it('goes on while Postgres is away: the fence is asked before each write', async () => {
    const beat = failing([true, true, true, true]);
    let isStopped = false;
    const { stop } = aHeart({
      beat: beat.call,
      stopJob: () => {
        isStopped = true;
      },
    });
    await beat.done;
    await stop();
    expect(isStopped).toBe(false);
  });

  it('ends at once, after a beat under way, and never beats again', async () => {
    const started = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    let calls = 0;
    const { stop } = aHeart({
      extend: async () => {
        calls += 1;
        started.resolve();
        await go.promise;
      },
      every: { leaseMs: never, visibilityMs: 1 },
    });
    await started.promise;
    let isEnded = false;
    const ended = stop().then(() => {
      isEnded = true;
    });
    await Promise.resolve();
    expect(isEnded).toBe(false);
    go.resolve();
    await ended;
    expect(calls).toBe(1);
  });
});
