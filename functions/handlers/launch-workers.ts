import { describeError } from '#core/describe-error.ts';
import type { Ledger, LedgerInput, LedgerOutput } from '#core/ledger.ts';
import type { Launcher } from '#core/ports/launcher.ts';
import type { Log } from '#core/ports/log.ts';

type Deps = { ledger: Ledger; launcher: Launcher; log: Log };
type Pool = LedgerInput<'workers.plan'>;
type Launch = LedgerOutput<'workers.plan'>['launches'][number];
type End = 'started' | 'no_capacity' | 'refused' | 'unknown';

/** Starts the workers that the ledger finds missing. */
export const launchWorkers = async (deps: Deps, pool: Pool): Promise<void> => {
  const { isSpotFull, failures } = await launchPlanned(deps, pool);
  // ECS itself never falls back. The rows are freed, so the plan names as many again: new workers with new tokens
  const later = isSpotFull ? await launchPlanned(deps, { ...pool, capacity: 'on_demand' }) : { failures: 0 };
  // after all others had their turn; the function's error count is what an alarm sees
  if (failures + later.failures > 0) throw new Error('some workers could not be started');
};

const launchPlanned = async (deps: Deps, pool: Pool) => {
  const { wanted, available, launches } = await deps.ledger('workers.plan', pool);
  const counts: Record<End, number> = { started: 0, no_capacity: 0, refused: 0, unknown: 0 };
  let isSpotFull = false;
  for (const planned of launches) {
    const end = await launch(deps, planned);
    counts[end] += 1;
    isSpotFull ||= end === 'no_capacity' && planned.capacity === 'spot';
  }
  deps.log.info('reconciled', { wanted, available, capacity: pool.capacity, ...counts });
  return { isSpotFull, failures: counts.refused + counts.unknown };
};

const launch = async ({ ledger, launcher, log }: Deps, planned: Launch): Promise<End> => {
  const { workerId, capacity } = planned;
  try {
    const result = await launcher.launch(planned);
    if (result.kind === 'started') {
      await ledger('workers.launched', { workerId, taskArn: result.taskArn });
      return 'started';
    }
    await ledger('workers.launch_failed', { workerId, reason: `${result.kind}: ${result.reason}` });
    log.warn('worker not launched', { workerId, capacity, result: result.kind, reason: result.reason });
    return result.kind;
  } catch (error) {
    // the worker may be running: its row stays, and the launch is repeated under the same token
    log.error('launch without an answer', { workerId, ...describeError(error) });
    return 'unknown';
  }
};
