// Postgres may be away for a while: nothing is written to the outside then, but what runs goes on, and no step is lost.
import { setTimeout as delay } from 'node:timers/promises';
import { describeError } from '#core/describe-error.ts';
import type { Log } from '#core/ports/log.ts';
import { DatabaseAwayError } from '#db/named.ts';

type Patience = {
  /** From the first failure; then it is thrown. */
  forMs: number;
  log: Log;
  now?: () => number;
  sleep?: (ms: number) => Promise<unknown>;
};

type Verb = (...args: never[]) => Promise<unknown>;

/** As long as a run may go on without a word to Postgres. */
export const jobPatienceMs = 10 * 60_000;

const waitsMs = [200, 500, 1_000, 2_000, 5_000] as const;

/** The same verb, asked again while Postgres is away. Only for verbs that may be repeated: every one under a fence may. */
export const patient = <V extends Verb>(
  verb: V,
  { forMs, log, now = Date.now, sleep = delay }: Patience,
): V => {
  const ask = async (args: Parameters<V>, since: number, tries: number): Promise<unknown> => {
    try {
      return await verb(...args);
    } catch (error) {
      if (!(error instanceof DatabaseAwayError) || now() - since >= forMs) throw error;
      if (tries === 0) log.warn('Postgres is away, waiting for it', describeError(error));
      await sleep(waitsMs[Math.min(tries, waitsMs.length - 1)] ?? 5_000);
      return await ask(args, since, tries + 1);
    }
  };
  // the same arguments and answer as the verb that it asks
  return ((...args: Parameters<V>) => ask(args, now(), 0)) as V;
};
