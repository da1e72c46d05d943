import { describeError } from '#core/describe-error.ts';
import type { Ledger, LedgerOutput } from '#core/ledger.ts';
import type { Launcher } from '#core/ports/launcher.ts';
import type { Log } from '#core/ports/log.ts';
import type { QueueSender } from '#core/ports/queue.ts';
import { redriveInbox } from './redrive-inbox.ts';

type Deps = {
  ledger: Ledger;
  launcher: Launcher;
  inbox: QueueSender;
  cap: number;
  warm: number;
  log: Log;
};
type Launch = LedgerOutput<'workers.plan'>['launches'][number];
type End = 'started' | 'no_capacity' | 'refused' | 'unknown';

/** Starts the workers that the ledger finds missing; by schedule and by poke alike, and the only caller of RunTask. */
export const createReconcile =
  ({ ledger, launcher, inbox, cap, warm, log }: Deps) =>
  async (): Promise<void> => {
    const { wanted, available, launches } = await ledger('workers.plan', { cap, warm });
    const counts: Record<End, number> = { started: 0, no_capacity: 0, refused: 0, unknown: 0 };
    for (const planned of launches) counts[await launch(planned, { ledger, launcher, log })] += 1;
    log.info('reconciled', { wanted, available, ...counts });
    await redriveInbox({ ledger, inbox, log });
    // after all others had their turn; the function's error count is what an alarm sees
    if (counts.refused + counts.unknown > 0) throw new Error('some workers could not be started');
  };

const launch = async (
  planned: Launch,
  { ledger, launcher, log }: Pick<Deps, 'ledger' | 'launcher' | 'log'>,
): Promise<End> => {
  const { workerId } = planned;
  try {
    const result = await launcher.launch(planned);
    if (result.kind === 'started') {
      await ledger('workers.launched', { workerId, taskArn: result.taskArn });
      return 'started';
    }
    await ledger('workers.launch_failed', { workerId, reason: `${result.kind}: ${result.reason}` });
    log.warn('worker not launched', { workerId, result: result.kind, reason: result.reason });
    return result.kind;
  } catch (error) {
    // the worker may be running: its row stays, and lapses by itself if no heartbeat comes
    log.error('launch without an answer', { workerId, ...describeError(error) });
    return 'unknown';
  }
};
