import { describeError } from '#core/describe-error.ts';
import type { Ledger } from '#core/ledger.ts';
import type { Capacity, Launcher } from '#core/ports/launcher.ts';
import type { Log } from '#core/ports/log.ts';
import type { QueueSender } from '#core/ports/queue.ts';
import type { Lanes } from '#core/ring.ts';
import { launchWorkers } from './launch-workers.ts';
import { reapWorkers } from './reap-workers.ts';
import { redriveInbox } from './redrive-inbox.ts';
import { ringBells } from './ring-bells.ts';
import { recordStopped } from './task-stopped.ts';

type Deps = {
  ledger: Ledger;
  launcher: Launcher;
  /** Where requests go that an operator brings back. */
  inbox: QueueSender;
  lanes: Lanes;
  cap: number;
  warm: number;
  capacity: Capacity;
  log: Log;
};

/**
 * Makes what is there fit what is asked for, by schedule, by poke and when a worker has stopped alike: rings that are owed, workers that are
 * missing, workers that are over. The only caller of RunTask and StopTask. Any of it may be repeated at any time.
 */
export const createReconcile =
  ({ cap, warm, capacity, ...deps }: Deps) =>
  async (event?: unknown): Promise<void> => {
    const duties = {
      event: () => recordStopped(deps.ledger, event),
      bells: () => ringBells(deps),
      launches: () => launchWorkers(deps, { cap, warm, capacity }),
      reaping: () => reapWorkers(deps),
      redrives: () => redriveInbox(deps),
    };
    const failed: string[] = [];
    for (const [duty, fulfil] of Object.entries(duties)) {
      try {
        await fulfil();
      } catch (error) {
        failed.push(duty); // no duty waits for another's trouble to end
        deps.log.error('duty failed', { duty, ...describeError(error) });
      }
    }
    // what the function's error count, and so an alarm, sees
    if (failed.length > 0) throw new Error(`reconcile failed at: ${failed.join(', ')}`);
  };
