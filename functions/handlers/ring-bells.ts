import { describeError } from '#core/describe-error.ts';
import type { Ledger } from '#core/ledger.ts';
import type { Bell } from '#core/messages.ts';
import type { Log } from '#core/ports/log.ts';
import type { Lanes } from '#core/ring.ts';
import { ringBell } from '#core/ring.ts';

type Deps = { ledger: Ledger; lanes: Lanes; log: Log };

/** What is left over comes with the next tick. */
const bellsPerTick = 100;

/** Rings for the threads that the ledger names. Marked after the send: a crash between the two only rings once more. */
export const ringBells = async ({ ledger, lanes, log }: Deps): Promise<void> => {
  const bells = await ledger('bells.due', { limit: bellsPerTick });
  const failed: Bell[] = [];
  for (const bell of bells) {
    const { taskId, generation } = bell.ring;
    try {
      await ringBell(lanes, bell);
      await ledger('bells.rung', { taskId, generation });
    } catch (error) {
      failed.push(bell); // still owed, and the others shall not wait for it
      log.error('bell not rung', { taskId, lane: bell.lane, ...describeError(error) });
    }
  }
  if (bells.length > 0) log.info('bells rung', { rung: bells.length - failed.length, failed: failed.length });
  if (failed.length > 0) throw new Error('some bells could not be rung');
};
