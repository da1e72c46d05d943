import { and, eq, inArray, sql } from 'drizzle-orm';
import { openStatuses } from '#core/task.ts';
import { requeued } from './bells.ts';
import type { Queries } from './database.ts';
import { notify } from './notices.ts';
import { tasks } from './schema.ts';

/**
 * Marks everything that is open on the thread to be stopped. Whoever runs a task hears it at once; one that nobody
 * runs is rung, and the worker that takes it only says that it was stopped. Gives the end of the task that asked for
 * it: it was done by recording it.
 */
export const stopThread = async (tx: Queries, { threadKey, by }: { threadKey: string; by: string }) => {
  const stopped = await tx
    .update(tasks)
    .set({ stopBy: by, updatedAt: sql`now()` })
    .where(and(eq(tasks.threadKey, threadKey), inArray(tasks.status, [...openStatuses])))
    .returning({ id: tasks.id, status: tasks.status });
  await tx.execute(sql`
    update ${tasks} set ${requeued}
    where thread_key = ${threadKey} and status in ('queued', 'waiting')`);
  for (const { id, status } of stopped) if (status === 'running') await notify(tx, id);
  return {
    status: 'succeeded',
    step: 'done',
    finishedAt: sql`now()`,
    outcome: { status: 'succeeded', result: { kind: 'answer' }, summary: answerFor(stopped.length) },
  } as const;
};

const answerFor = (count: number): string => {
  if (count === 0) return 'There is nothing to stop on this thread.';
  return count === 1
    ? 'Stopping the one task of this thread.'
    : `Stopping the ${count} tasks of this thread.`;
};
