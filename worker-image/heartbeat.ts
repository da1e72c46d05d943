// Keeps a job ours while it runs. The queue's beat decides whether to go on: Postgres may be away for a while, and
// nothing is written to the outside without asking for the fence again anyway.
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '#core/describe-error.ts';
import { leaseRenewEveryMs, visibilityBeatEveryMs } from '#core/job.ts';
import type { Log } from '#core/ports/log.ts';
import { StoppedError } from './stopped.ts';

export type Heartbeat = {
  /** Renews the lease; false when the fence is stale. */
  renew: () => Promise<boolean>;
  /** Keeps the message invisible. */
  extend: () => Promise<void>;
  /** Says that the worker lives. */
  beat: () => Promise<void>;
  stopJob: (reason: StoppedError) => void;
  log: Log;
  every?: { leaseMs: number; visibilityMs: number };
};

const missesToStop = 2;

/** Beats until the returned function is called; that waits for a beat under way. */
export const startHeartbeat = ({ renew, extend, beat, stopJob, log, every }: Heartbeat) => {
  const ended = new AbortController();
  const pulse = async (everyMs: number, once: () => Promise<void>) => {
    while (await elapsed(everyMs, ended.signal)) await once();
  };

  const holdLease = async () => {
    try {
      if (!(await renew())) stopJob(new StoppedError('lease_lost'));
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
