// What every step of a job has to work with, and what it gives back.
import type { Job, JobFacts } from '#core/job.ts';
import type { Reservation } from '#core/money.ts';
import type { Policy } from '#core/policy.ts';
import type { Blobs } from '#core/ports/blobs.ts';
import type { Log } from '#core/ports/log.ts';
import type { Redactor } from '#core/redact.ts';
import type { Outcome, Step, Thread } from '#core/task.ts';
import type { ModelChoice } from '#worker/gateway/models.ts';
import type { FetchOrigin } from '#worker/git/fetch-origin.ts';
import type { Git } from '#worker/git/git.ts';
import type { StoppedError } from '#worker/lease/stopped.ts';
import type { RunAgent } from '#worker/run/run-agent.ts';
import type { Failed, Wait } from './decide.ts';
import type { GithubAccess } from './github-access.ts';

export type Progress = { step: Step; facts: JobFacts };

/** What a step came to: progress to be stored, and where it does not simply go on, what comes then. */
export type Stepped = Progress & { next?: Next };
type Next =
  | ({ kind: 'failed' } & Failed)
  | { kind: 'wait'; wait: Wait }
  /** The run was saved; the job is given back for this reason. */
  | { kind: 'stopped'; reason: StoppedError };

type Held = { taskId: string; fence: number };
/** The agent's memory of a thread. */
export type Memory = {
  get: (threadKey: string) => Promise<{ sessionId: string; transcriptKey: string | null } | undefined>;
  put: (session: { threadKey: string; sessionId: string; transcriptKey: string | null }) => Promise<void>;
};
export type Money = {
  reserve: (run: Held & { wantUsd: number }) => Promise<Reservation>;
  /** Dollars of all runs of a task. */
  spent: (taskId: string) => Promise<number>;
};

/** What we pushed before, by Postgres. */
export type PublishedBranches = {
  lastOf: (thread: { threadKey: string; before: string }) => Promise<string | undefined>;
  isOurs: (branch: string, thread: Thread) => Promise<boolean>;
};

export type StepsInput = {
  job: Job;
  access: GithubAccess;
  /** Before each write to the outside: throws when the job is not ours any more. */
  hold: () => Promise<void>;
  signal: AbortSignal;
};

export type StepContext = StepsInput & {
  git: Git;
  fetch: FetchOrigin;
  /** The repository's policy at the base commit, which has been fetched. */
  policyAt: (sha: string) => Promise<PolicyFound>;
  /** Writes or edits the task's comment; gives its id, or undefined where the thread takes none. */
  say: (body: string, facts: JobFacts) => Promise<{ commentId?: string }>;
  blobs: Blobs;
  runAgent: RunAgent;
  memory: Memory;
  money: Money;
  redactor: Redactor;
  log: Log;
  /** What a run may cost when the person says nothing. */
  budgetUsd: number;
  /** What may be asked for with `--model`. */
  models: ModelChoice;
  maxRepositoryBytes: number;
  published: PublishedBranches;
};

export type PolicyFound = { kind: 'policy'; policy: Policy } | { kind: 'ended'; outcome: Outcome };

/** The end is known; the step stays where it is. */
export const ended = (step: Step, outcome: Outcome, facts: JobFacts = {}): Stepped => ({
  step,
  facts: { ...facts, outcome },
});
