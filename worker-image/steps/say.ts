// What a job says on its thread, in the task's one comment.
import type { JobFacts } from '#core/job.ts';
import type { Outcome, Task } from '#core/task.ts';
import { toComment } from './report.ts';
import type { StepContext, StepsInput } from './step-context.ts';

type Standing = { task: Task; facts: JobFacts; fence: number; outcome: Outcome | null };
export type Stored = (taskId: string) => Promise<Standing | undefined>;

type Deps = Pick<StepsInput, 'job' | 'access' | 'hold'> & { stored: Stored };

export const createSay =
  (deps: Deps): StepContext['say'] =>
  async (body, { commentId }) => {
    const { job, access, hold } = deps;
    await hold();
    const said = await access.say({ body, fence: job.fence, commentId }).catch(async (error: unknown) => {
      await setRight(deps, { commentId, fence: job.fence }); // it may have come through all the same
      throw error;
    });
    if (said === undefined) return {};
    await setRight(deps, { commentId: said, fence: job.fence });
    return { commentId: said };
  };

/**
 * Whoever stood still right before its edit may have written over the end that another worker told. So each looks
 * afterwards who holds the task, and tells the end that Postgres knows; when it knows none, that is yet to be told.
 */
const setRight = async (
  deps: Deps,
  { commentId, fence }: { commentId: string | undefined; fence: number },
): Promise<void> => {
  const { job, access, stored } = deps;
  const now = await stored(job.task.id);
  const outcome = now?.outcome ?? now?.facts.outcome;
  if (!now || !outcome || now.fence === fence) return;
  const body = toComment(now.task, outcome, now.facts);
  const said = await access.say({ body, fence: now.fence, commentId });
  // once more: this was an edit like any other
  if (said !== undefined) await setRight(deps, { commentId: said, fence: now.fence });
};
