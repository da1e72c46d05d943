// Where a task begins that is asked for once more: what was paid for is not paid again, what failed is done again.
import type { JobFacts } from './job.ts';
import type { Step } from './task.ts';

type Beginning = { step: Step; facts: JobFacts };

/**
 * From the facts alone, because the step of an ended task is `done`. How it had ended is forgotten, unless it had
 * succeeded and was only not told.
 */
export const resumeFrom = (stored: JobFacts): Beginning => {
  const { failures: _, outcome, ...facts } = stored;
  if (outcome?.status === 'succeeded')
    return { step: facts.pullRequest ? 'opened' : 'ran', facts: { ...facts, outcome } };
  const hasBase = facts.baseBranch !== undefined && facts.baseSha !== undefined;
  if (hasBase && facts.report && facts.patchKey)
    return { step: facts.branch && facts.commitSha ? 'pushed' : 'ran', facts };
  const isRunKnown = facts.patchKey !== undefined;
  if (hasBase && facts.checkpoint && !isRunKnown) return { step: 'cloned', facts };
  return { step: 'received', facts: anew(facts, isRunKnown) };
};

/** A stored run that made nothing must not be found again; one that Postgres never heard of must. */
const anew = ({ commentId, beginnings = 1 }: JobFacts, isRunKnown: boolean): JobFacts => ({
  ...(commentId !== undefined && { commentId }),
  beginnings: isRunKnown ? beginnings + 1 : beginnings,
});
