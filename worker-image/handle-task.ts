// One job from its stored step to its end. Every step is stored before the next begins; every write to the outside is
// found or created by a key that the task gives, so doing a step twice leaves one effect.
import type { Hold, Job, JobFacts } from '#core/job.ts';
import { TokenRefusedError } from '#core/platforms/github/app.ts';
import type { Outcome, Step, Task } from '#core/task.ts';
import type { Action } from './decide.ts';
import { decide } from './decide.ts';
import type { GithubAccess } from './github-access.ts';
import type { Progress, Steps, StepsInput } from './steps.ts';
import { StoppedError } from './stopped.ts';

type Held = { taskId: string; fence: number };

/** What of Postgres a job needs; each answers false when the fence is stale. */
export type JobStore = {
  renew: (held: Held) => Promise<Hold>;
  advance: (input: Held & { step: Step; facts: JobFacts }) => Promise<boolean>;
  finish: (input: Held & { outcome: Outcome }) => Promise<boolean>;
};

type Deps = {
  store: JobStore;
  openAccess: (task: Task) => Promise<GithubAccess>;
  openSteps: (input: StepsInput) => Promise<Steps>;
};

export type HandleTask = (job: Job, signal: AbortSignal) => Promise<Outcome>;

/** Gives the outcome once it is stored and told. Throws a StoppedError when the job is not ours to end. */
export const createHandleTask =
  ({ store, openAccess, openSteps }: Deps): HandleTask =>
  async (job, signal) => {
    const held = { taskId: job.task.id, fence: job.fence };
    const hold = async () => {
      signal.throwIfAborted();
      mustHold((await store.renew(held)) === 'held');
    };
    const finish = async (outcome: Outcome) => {
      await hold();
      mustHold(await store.finish({ ...held, outcome }));
      return outcome;
    };

    let access: GithubAccess;
    try {
      access = await openAccess(job.task);
    } catch (error) {
      if (!(error instanceof TokenRefusedError)) throw error;
      return await finish({ status: 'failed', reason: 'uninstalled', detail: error.reason });
    }
    try {
      const steps = await openSteps({ job, access, hold, signal });
      try {
        const stored = { step: job.task.step, facts: job.facts };
        return await finish(await toOutcome({ job, steps, store, hold }, stored));
      } finally {
        await steps.close();
      }
    } finally {
      await access.end();
    }
  };

type Walk = { job: Job; steps: Steps; store: JobStore; hold: () => Promise<void> };

/** From a stored step to the next, until there is only the end to store. */
const toOutcome = async (walk: Walk, { step, facts }: Progress): Promise<Outcome> => {
  const { job, steps, store, hold } = walk;
  const action = decide(step, facts, job.attempt);
  if (action.kind === 'finish') return action.outcome;
  const next = await carryOut(action, { step, facts, steps });
  await hold();
  mustHold(await store.advance({ taskId: job.task.id, fence: job.fence, ...next }));
  return await toOutcome(walk, { step: next.step, facts: { ...facts, ...next.facts } });
};

type Here = Progress & { steps: Steps };

const carryOut = async (action: Exclude<Action, { kind: 'finish' }>, here: Here): Promise<Progress> => {
  const { step, facts, steps } = here;
  switch (action.kind) {
    case 'clone':
      return await steps.clone(facts);
    case 'run':
      return await steps.run(facts, action);
    case 'push':
      return await steps.push(facts, action);
    case 'open_pull_request':
      return await steps.openPullRequest(facts, action);
    case 'report':
      return await steps.report(facts, action);
    case 'end':
      return { step, facts: { outcome: action.outcome } };
  }
};

const mustHold = (isHeld: boolean) => {
  if (!isHeld) throw new StoppedError('lease_lost');
};
