// Which workers are over and which have to be stopped. Pure: what was seen comes in, what to do about it goes out.
import type { LivingWorker } from '#core/ledger.ts';
import type { TaskState } from '#core/ports/launcher.ts';
import { beatGraceMs, launchGraceMs } from '#core/worker-life.ts';

/** `task` is missing where nobody looked or ECS said nothing. */
export type SeenWorker = LivingWorker & { task?: TaskState | undefined };

export type Verdict =
  | { kind: 'leave' }
  /** The first of two steps. */
  | { kind: 'ask_stop' }
  /** Asked, and the time to be heard of is not over. */
  | { kind: 'await' }
  | { kind: 'stop'; taskArn: string; why: Why }
  /** Heard of again. */
  | { kind: 'spare' }
  | { kind: 'never_started'; reason: string }
  | { kind: 'ended'; reason: string };
export type Why = keyof typeof limitsMs;

const minuteMs = 60_000;

/** docs/adr/0010-only-reconcile-launches-and-stops-workers.md says why so long. */
const limitsMs = {
  never_heard_of: 5 * minuteMs,
  silent: 12 * minuteMs,
  too_old: 6 * 60 * minuteMs,
};

/** From asking to stopping: a tick of a minute, and more than a beat (30 s), for a poke may come right after the tick. */
const roundMs = 50_000;
/** When nobody is heard of it may be Postgres or their way to it: everybody gets another tick. */
const longRoundMs = 110_000;

type Decided = { verdicts: (SeenWorker & { verdict: Verdict })[]; nobodyIsHeardOf: boolean };

export const decideReap = (workers: readonly SeenWorker[]): Decided => {
  const isSilent = workers.some((worker) => worker.task?.kind === 'alive' && silenceOf(worker) !== undefined);
  const nobodyIsHeardOf = isSilent && !workers.some(isHeardOf);
  const verdicts = workers.map((worker) => ({ ...worker, verdict: judge(worker, nobodyIsHeardOf) }));
  return { verdicts, nobodyIsHeardOf };
};

/** Worth a look at its task: not heard of for so long that it is not counted as a worker, or about to be stopped. */
export const isSuspect = (worker: LivingWorker): boolean =>
  isLapsed(worker) || worker.stopAskedMsAgo !== null || worker.launchedMsAgo > limitsMs.too_old;

const isLapsed = (worker: LivingWorker): boolean =>
  worker.beatMsAgo === null ? worker.launchedMsAgo > launchGraceMs : !isHeardOf(worker);

const isHeardOf = ({ beatMsAgo }: LivingWorker): boolean => beatMsAgo !== null && beatMsAgo <= beatGraceMs;

const silenceOf = ({ beatMsAgo, launchedMsAgo }: LivingWorker): Why | undefined => {
  if (beatMsAgo === null) return launchedMsAgo > limitsMs.never_heard_of ? 'never_heard_of' : undefined;
  return beatMsAgo > limitsMs.silent ? 'silent' : undefined;
};

const judge = (worker: SeenWorker, nobodyIsHeardOf: boolean): Verdict => {
  const { taskArn, task } = worker;
  if (taskArn === null) return judgeWithoutTask(worker);
  switch (task?.kind) {
    case 'stopped':
      return over(worker, task.reason);
    case 'missing':
      return over(worker, 'ECS does not know its task any more');
    case 'stopping':
      return { kind: 'leave' };
    case 'alive':
    case undefined:
      return judgeRunning(worker, { taskArn, nobodyIsHeardOf });
  }
};

/** The answer of RunTask never came, so there is nothing that could be looked at or stopped; a beat brings it back. */
const judgeWithoutTask = (worker: SeenWorker): Verdict => {
  if (worker.beatMsAgo === null && isLapsed(worker)) return over(worker, 'RunTask gave no answer');
  return silenceOf(worker) === undefined ? { kind: 'leave' } : over(worker, 'not heard of any more');
};

const over = ({ beatMsAgo }: SeenWorker, reason: string): Verdict => ({
  kind: beatMsAgo === null ? 'never_started' : 'ended',
  reason,
});

type Running = { taskArn: string; nobodyIsHeardOf: boolean };

const judgeRunning = (worker: SeenWorker, { taskArn, nobodyIsHeardOf }: Running): Verdict => {
  const { stopAskedMsAgo, launchedMsAgo, task } = worker;
  const silence = silenceOf(worker);
  const why = launchedMsAgo > limitsMs.too_old ? 'too_old' : silence;
  if (why === undefined) return stopAskedMsAgo === null ? { kind: 'leave' } : { kind: 'spare' };
  if (stopAskedMsAgo === null) return { kind: 'ask_stop' };
  const patienceMs = silence !== undefined && nobodyIsHeardOf ? longRoundMs : roundMs;
  // what ECS says nothing about may have ended a moment ago
  if (stopAskedMsAgo < patienceMs || task === undefined) return { kind: 'await' };
  return { kind: 'stop', taskArn, why };
};
