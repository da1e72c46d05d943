// One job from its stored step to its end. Every step is stored before the next begins; every write to the outside is
// found or created by a key that the task gives, so doing a step twice leaves one effect.
import type { Hold, Job, JobFacts } from '#core/job.ts';
import { TokenRefusedError } from '#core/platforms/github/app.ts';
import type { Log } from '#core/ports/log.ts';
import type { Outcome, Step, Task, WaitingReason } from '#core/task.ts';
import { toStop } from '#worker/lease/hold.ts';
import { StoppedError } from '#worker/lease/stopped.ts';
import type { Action, Wait } from '#worker/steps/decide.ts';
import { decide, decideFailed } from '#worker/steps/decide.ts';
import type { GithubAccess } from '#worker/steps/github-access.ts';
import type { Progress, Stepped, StepsInput } from '#worker/steps/step-context.ts';
import type { Steps } from '#worker/steps/steps.ts';

type Held = { taskId: string; fence: number };

/** What of Postgres a job needs; the writes answer false when the fence is stale. */
export type JobStore = {
  renew: (held: Held) => Promise<Hold>;
  advance: (input: Held & { step: Step; facts: JobFacts }) => Promise<boolean>;
  finish: (input: Held & { outcome: Outcome }) => Promise<boolean>;
  wait: (input: Held & { reason: WaitingReason; afterMs?: number }) => Promise<boolean>;
};

type Deps = {
  store: JobStore;
  openAccess: (task: Task) => Promise<GithubAccess>;
  openSteps: (input: StepsInput) => Promise<Steps>;
  log: Log;
};

/** Both are stored; a task that waits is rung again by whoever ends its reason. */
export type JobResult = { kind: 'ended'; outcome: Outcome } | { kind: 'waiting'; reason: WaitingReason };
export type HandleTask = (job: Job, signal: AbortSignal) => Promise<JobResult>;

/** Gives the result once it is stored and told. Throws a StoppedError when the job is not ours to end. */
export const createHandleTask =
  ({ store, openAccess, openSteps, log }: Deps): HandleTask =>
  async (job, signal) => {
    const held = { taskId: job.task.id, fence: job.fence };
    const holder = createHolder({ store, held, signal });
    let access: GithubAccess;
    try {
      access = await openAccess(job.task);
    } catch (error) {
      if (!(error instanceof TokenRefusedError)) throw error;
      holder.endAnyway();
      return await finish(shutOut(error), { store, held, holder });
    }
    try {
      const steps = await openSteps({ job, access, hold: holder.hold, signal });
      try {
        return await goThrough({ job, held, steps, store, holder, log, signal });
      } finally {
        await steps.close();
      }
    } finally {
      await access.end();
    }
  };

const shutOut = ({ reason }: TokenRefusedError): Outcome => ({
  status: 'failed',
  reason: 'uninstalled',
  detail: reason,
});

type Holder = ReturnType<typeof createHolder>;

/** Asks for the fence. Once a job only has to say that it was stopped, the wish that it stop does not stop it. */
const createHolder = ({ store, held, signal }: { store: JobStore; held: Held; signal: AbortSignal }) => {
  let isEnding = false;
  return {
    endAnyway: () => {
      isEnding = true;
    },
    hold: async () => {
      if (!isEnding) signal.throwIfAborted();
      const hold = await store.renew(held);
      const reason = isEnding && hold.kind === 'stop' ? undefined : toStop(hold);
      if (reason) throw reason;
    },
  };
};

type Trip = {
  job: Job;
  held: Held;
  steps: Steps;
  store: JobStore;
  holder: Holder;
  log: Log;
  signal: AbortSignal;
};

/**
 * From the stored step to the end. A wish to stop that comes on the way turns into the end "cancelled"; where GitHub
 * gives us no token any more nobody can be told, and what is known of the end stands.
 */
const goThrough = async (trip: Trip): Promise<JobResult> => {
  const { job, holder, signal } = trip;
  let here: Progress = { step: job.task.step, facts: job.facts };
  const keep = (next: Progress) => {
    here = { step: next.step, facts: { ...here.facts, ...next.facts } };
    return here;
  };
  if (job.stopBy !== null) holder.endAnyway();
  try {
    return await walk(trip, here, keep);
  } catch (error) {
    holder.endAnyway();
    if (error instanceof TokenRefusedError) return await finish(here.facts.outcome ?? shutOut(error), trip);
    const by = stoppedBy(signal.aborted ? signal.reason : error);
    if (by === undefined) throw error;
    return await walk({ ...trip, job: { ...job, stopBy: by } }, here, keep);
  }
};

const stoppedBy = (error: unknown): string | undefined =>
  error instanceof StoppedError && error.code === 'stop_asked' ? error.by : undefined;

type Keep = (next: Progress) => Progress;

/** From a stored step to the next, until there is only the end to store. */
const walk = async (trip: Trip, here: Progress, keep: Keep): Promise<JobResult> => {
  const { job, steps, store, held, holder } = trip;
  const { command } = job.task.request;
  const action = decide({ ...here, command, attempt: job.attempt, stopBy: job.stopBy });
  if (action.kind === 'finish') return await finish(action.outcome, trip);
  const { next, ...progress } = await carryOut(action, { ...here, steps });
  if (next?.kind !== 'stopped') await holder.hold();
  mustHold(await store.advance({ ...held, ...progress }));
  const stored = keep(progress);
  switch (next?.kind) {
    case undefined:
      return await walk(trip, stored, keep);
    case 'stopped':
      throw next.reason;
    case 'wait':
      return await stepAside(trip, stored, next.wait);
    case 'failed': {
      const decided = decideFailed(next, stored.facts);
      if (decided.kind === 'wait') return await stepAside(trip, stored, decided.wait);
      if (decided.needsOperator) trip.log.error('the model refuses us', { ...held, failure: next.failure });
      const ended = { step: stored.step, facts: { outcome: decided.outcome } };
      await holder.hold();
      mustHold(await store.advance({ ...held, ...ended }));
      return await walk(trip, keep(ended), keep);
    }
  }
};

const finish = async (
  outcome: Outcome,
  { store, held, holder }: Pick<Trip, 'store' | 'held' | 'holder'>,
): Promise<JobResult> => {
  await holder.hold();
  mustHold(await store.finish({ ...held, outcome }));
  return { kind: 'ended', outcome };
};

const stepAside = async (
  { steps, store, held, holder }: Trip,
  { facts }: Progress,
  wait: Wait,
): Promise<JobResult> => {
  const { reason, afterMs } = wait;
  await steps.tellWait(facts, wait);
  await holder.hold();
  mustHold(await store.wait({ ...held, reason, ...(afterMs !== undefined && { afterMs }) }));
  return { kind: 'waiting', reason };
};

type Here = Progress & { steps: Steps };

const carryOut = async (action: Exclude<Action, { kind: 'finish' }>, here: Here): Promise<Stepped> => {
  const { step, facts, steps } = here;
  switch (action.kind) {
    case 'clone':
      return await steps.clone(facts);
    case 'find_held_branch':
      return await steps.findHeldBranch();
    case 'release_ci':
      return await steps.releaseCi(action);
    case 'run':
      return await steps.run(facts, action);
    case 'push':
      return await steps.push(facts, action);
    case 'open_pull_request':
      return await steps.openPullRequest(facts, action);
    case 'carry_out':
      return { step, facts: await steps.carryOut(action) };
    case 'report':
      return await steps.report(facts, action);
    case 'end':
      return { step, facts: { outcome: action.outcome } };
  }
};

const mustHold = (isHeld: boolean) => {
  if (!isHeld) throw new StoppedError('lease_lost');
};
