import { nextTry } from '#core/failure.ts';
import type { FailureClass } from '#core/failure.ts';
import type { Intents } from '#core/intents.ts';
import type { JobFacts } from '#core/job.ts';
import type { Command, Outcome, RunReport, Step, WaitingReason } from '#core/task.ts';
import type { Base, Origin } from '#worker/git/origin.ts';

/** Why a task steps aside, and for how long; without an end somebody has to end it. */
export type Wait = { reason: WaitingReason; afterMs?: number; detail: string };
export type Action =
  | { kind: 'clone' }
  | { kind: 'find_held_branch' }
  | { kind: 'release_ci'; base: Base }
  | ({ kind: 'run' } & Origin)
  | ({ kind: 'push'; patchKey: string; report: RunReport } & Origin)
  | ({ kind: 'open_pull_request'; branch: string; report: RunReport } & Origin)
  | ({ kind: 'carry_out'; intents: Intents } & Origin)
  | { kind: 'end'; outcome: Outcome }
  | { kind: 'report'; outcome: Outcome }
  | { kind: 'finish'; outcome: Outcome };

/** A job that was begun so often without a stored run is not begun again: each time may be paid. */
const maxAttempts = 5;

export type Stored = {
  command: Command;
  step: Step;
  facts: JobFacts;
  attempt: number;
  stopBy: string | null;
};

/** What is to be done next, from what is stored alone: a second worker decides as the first would have. */
export const decide = ({ command, step, facts, attempt, stopBy }: Stored): Action => {
  const { outcome } = facts;
  if (outcome) {
    if (step === 'reported' || step === 'done') return { kind: 'finish', outcome };
    const intents = stopBy === null ? openIntents(facts) : undefined;
    return intents ? { kind: 'carry_out', intents, ...originOf(facts) } : { kind: 'report', outcome };
  }
  if (stopBy !== null) return { kind: 'end', outcome: { status: 'cancelled', by: stopBy } };
  const needsNoRun = command === 'run-ci';
  switch (step) {
    case 'received':
      if (attempt > maxAttempts) return giveUp;
      return { kind: needsNoRun ? 'find_held_branch' : 'clone' };
    case 'cloned':
      if (attempt > maxAttempts) return giveUp;
      return needsNoRun ? { kind: 'release_ci', base: baseOf(facts) } : { kind: 'run', ...originOf(facts) };
    case 'ran':
      if (facts.head?.isFork) return analysisOnly(known(facts.report, 'report'));
      return {
        kind: 'push',
        ...originOf(facts),
        patchKey: known(facts.patchKey, 'patch'),
        report: known(facts.report, 'report'),
      };
    case 'pushed':
      return {
        kind: 'open_pull_request',
        ...originOf(facts),
        branch: known(facts.branch, 'branch'),
        report: known(facts.report, 'report'),
      };
    case 'opened':
    case 'reported':
    case 'done':
      throw new Error('a stored step lacks its outcome');
  }
};

/** Only beside what has ended well: a failed task has nothing to add to. */
const openIntents = ({ outcome, report, carriedOut }: JobFacts): Intents | undefined =>
  outcome?.status === 'succeeded' && !carriedOut ? report?.intents : undefined;

export type Failed = { failure: FailureClass; detail: string };

/** After a failed run: another try later, by the table in core/failure.ts, or the end. */
export const decideFailed = (
  { failure, detail }: Failed,
  { failures }: JobFacts,
): { kind: 'wait'; wait: Wait } | { kind: 'end'; outcome: Outcome; needsOperator: boolean } => {
  const count = failures?.[failure] ?? 1;
  const next = nextTry(failure, count);
  if (next.kind === 'give_up') {
    const { reason, needsOperator } = next;
    return { kind: 'end', outcome: { status: 'failed', reason, detail }, needsOperator };
  }
  const left = `try ${count} of ${next.tries} failed`;
  return {
    kind: 'wait',
    wait: { reason: 'model_away', afterMs: next.afterMs, detail: `${detail} (${left})` },
  };
};

const giveUp: Action = {
  kind: 'end',
  outcome: {
    status: 'failed',
    reason: 'internal',
    detail: `The work was begun ${maxAttempts} times and interrupted each time.`,
  },
};

/** What is written in a fork must not become a branch of the repository by our hand. */
const analysisOnly = ({ answer, unfinished }: RunReport): Action => {
  const summary = [answer, onlyAnalyzed].filter((part) => part !== '').join('\n\n');
  return unfinished
    ? { kind: 'end', outcome: { status: 'failed', reason: unfinished, detail: summary } }
    : { kind: 'end', outcome: { status: 'succeeded', result: { kind: 'answer' }, summary } };
};

const onlyAnalyzed =
  'The agent also changed files. Nothing of it is published: this pull request comes from a fork, and there I only analyze. Who wants the change can ask for it on a pull request from a branch of this repository.';

const originOf = (facts: JobFacts): Origin => ({
  base: baseOf(facts),
  ...(facts.head && { head: facts.head }),
});

const baseOf = ({ baseBranch, baseSha }: JobFacts): Base => ({
  branch: known(baseBranch, 'base branch'),
  sha: known(baseSha, 'base commit'),
});

const known = <T>(value: T | null | undefined, name: string): T => {
  if (value === undefined || value === null) throw new Error(`a stored step lacks its ${name}`);
  return value;
};
