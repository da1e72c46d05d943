// Keeps a job ours while it runs. The queue's beat decides whether to go on: Postgres may be away for a while, and
// nothing is written to the outside without asking for the fence again anyway.
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '#core/describe-error.ts';
import type { Hold } from '#core/job.ts';
import { leaseRenewEveryMs, visibilityBeatEveryMs } from '#core/job.ts';
import type { Log } from '#core/ports/log.ts';
import { ReceiptLostError } from '#core/ports/queue.ts';
import { toStop } from './hold.ts';
import { jobPatienceMs } from './patience.ts';
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
  now?: () => number;
};

const missesToStop = 2;

/** Beats until `stop` is called; that waits for a beat under way. `ask` does not wait for the next beat. */
export const startHeartbeat = (heart: Heartbeat) => {
  const { every } = heart;
  const ended = new AbortController();
  const pulse = async (everyMs: number, once: () => Promise<void>) => {
    while (await elapsed(everyMs, ended.signal)) await once();
  };
  const holdLease = createLeaseBeat(heart);
  const pulses = Promise.all([
    pulse(every?.leaseMs ?? leaseRenewEveryMs, holdLease),
    pulse(every?.visibilityMs ?? visibilityBeatEveryMs, createMessageBeat(heart)),
  ]);
  return {
    ask: holdLease,
    stop: async () => {
      ended.abort();
      await pulses;
    },
  };
};

const createLeaseBeat = ({ renew, beat, stopJob, log, now = Date.now }: Heartbeat) => {
  let lastAnswerAt = now();
  return async () => {
    try {
      const reason = toStop(await renew());
      lastAnswerAt = now();
      if (reason) stopJob(reason);
      await beat();
    } catch (error) {
      log.warn('lease beat missed', describeError(error));
      if (now() - lastAnswerAt >= jobPatienceMs) stopJob(new StoppedError('database_away'));
    }
  };
};

const createMessageBeat = ({ extend, stopJob, log }: Heartbeat) => {
  let misses = 0;
  return async () => {
    try {
      await extend();
      misses = 0;
    } catch (error) {
      if (error instanceof ReceiptLostError) return stopJob(new StoppedError('receipt_lost'));
      misses += 1;
      log.warn('queue beat missed', { misses, ...describeError(error) });
      if (misses >= missesToStop) stopJob(new StoppedError('beats_missed'));
    }
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
