// Keeps a job ours while it runs. The queue's beat decides whether to go on: Postgres may be away for a while, and
// nothing is written to the outside without asking for the fence again anyway.
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '#core/describe-error.ts';
import type { Hold } from '#core/job.ts';
import { leaseRenewEveryMs, visibilityBeatEveryMs } from '#core/job.ts';
import type { Log } from '#core/ports/log.ts';
import type { Stop } from './stopped.ts';
import { StoppedError } from './stopped.ts';

export type Heartbeat = {
  /** Renews the lease and tells whether to go on. */
  renew: () => Promise<Hold>;
  /** Keeps the message invisible. */
  extend: () => Promise<void>;
  /** Says that the worker lives. */
  beat: () => Promise<void>;
  stopJob: (reason: StoppedError) => void;
  log: Log;
  every?: { leaseMs: number; visibilityMs: number };
};

const missesToStop = 2;

const stopFor = {
  lost: 'lease_lost',
  stop: 'stop_asked',
  frozen: 'frozen',
} as const satisfies { [H in Exclude<Hold, 'held'>]: Stop };

/** Beats until the returned function is called; that waits for a beat under way. */
export const startHeartbeat = ({ renew, extend, beat, stopJob, log, every }: Heartbeat) => {
  const ended = new AbortController();
  const pulse = async (everyMs: number, once: () => Promise<void>) => {
    while (await elapsed(everyMs, ended.signal)) await once();
  };

  const holdLease = async () => {
    try {
      const hold = await renew();
      if (hold !== 'held') stopJob(new StoppedError(stopFor[hold]));
      await beat();
    } catch (error) {
      log.warn('lease beat missed', describeError(error));
    }
  };

  let misses = 0;
  const holdMessage = async () => {
    try {
      await extend();
      misses = 0;
    } catch (error) {
      misses += 1;
      log.warn('queue beat missed', { misses, ...describeError(error) });
      if (misses >= missesToStop) stopJob(new StoppedError('beats_missed'));
    }
  };

  const pulses = Promise.all([
    pulse(every?.leaseMs ?? leaseRenewEveryMs, holdLease),
    pulse(every?.visibilityMs ?? visibilityBeatEveryMs, holdMessage),
  ]);
  return async () => {
    ended.abort();
    await pulses;
  };
};

const elapsed = async (ms: number, signal: AbortSignal): Promise<boolean> => {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch {
    return false; // the only rejection of a timer is its end
  }
};
