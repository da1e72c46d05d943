import { describeError } from '#core/describe-error.ts';
import type { Ledger } from '#core/ledger.ts';
import type { Launcher } from '#core/ports/launcher.ts';
import type { Log } from '#core/ports/log.ts';
import type { Verdict } from './decide-reap.ts';
import { decideReap, isSuspect } from './decide-reap.ts';

type Deps = { ledger: Ledger; launcher: Launcher; log: Log };

/** An alarm counts these lines (infra/reconcile.ts). */
export const neverStartedMessage = 'workers do not start';
/** One may have had bad luck. */
const neverStartedAlarm = 3;

/** Ends the rows of workers that are gone, with the reason that ECS gives, and stops those that hang: asked first, stopped a tick later. */
export const reapWorkers = async (deps: Deps): Promise<void> => {
  const { ledger, launcher, log } = deps;
  const living = await ledger('workers.living', {});
  const suspects = living.filter(isSuspect).flatMap(({ taskArn }) => taskArn ?? []);
  const tasks = await launcher.look(suspects);
  const seen = living.map((worker) => ({ ...worker, task: tasks.get(worker.taskArn ?? '') }));
  const { verdicts, nobodyIsHeardOf } = decideReap(seen);
  if (nobodyIsHeardOf) log.warn('no worker is heard of', { workers: living.length });
  let failures = 0;
  for (const { workerId, verdict } of verdicts) {
    try {
      await carryOut(deps, workerId, verdict);
    } catch (error) {
      failures += 1; // the others have their turn; this one has it again in a minute
      log.error('worker not reaped', { workerId, verdict: verdict.kind, ...describeError(error) });
    }
  }
  if (failures > 0) throw new Error('some workers could not be reaped');
};

const carryOut = async ({ ledger, launcher, log }: Deps, workerId: string, verdict: Verdict) => {
  switch (verdict.kind) {
    case 'leave':
    case 'await':
      return;
    case 'ask_stop':
      log.warn('worker to be stopped', { workerId });
      return await ledger('workers.ask_stop', { workerId });
    case 'spare':
      log.info('worker heard of again', { workerId });
      return await ledger('workers.spare', { workerId });
    case 'stop':
      log.warn('worker stopped', { workerId, why: verdict.why });
      return await launcher.stop(verdict.taskArn, `agent-bot: ${stopReasons[verdict.why]}`);
    case 'ended':
      log.warn('worker gone', { workerId, reason: verdict.reason });
      return await ledger('workers.ended', { workerId, reason: verdict.reason });
    case 'never_started':
      return await neverStarted({ ledger, log }, workerId, verdict.reason);
  }
};

const stopReasons = {
  never_heard_of: 'started, and never heard of',
  silent: 'not heard of any more',
  too_old: 'older than any job may be',
} as const;

const neverStarted = async (
  { ledger, log }: Pick<Deps, 'ledger' | 'log'>,
  workerId: string,
  reason: string,
) => {
  const { inARow } = await ledger('workers.never_started', { workerId, reason });
  const facts = { workerId, reason, inARow };
  if (inARow >= neverStartedAlarm) log.error(neverStartedMessage, facts);
  else log.warn('worker never started', facts);
};
