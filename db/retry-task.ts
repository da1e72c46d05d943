import { eq, sql } from 'drizzle-orm';
import { resumeFrom } from '#core/resume.ts';
import type { Step, TaskStatus } from '#core/task.ts';
import type { Queries } from './database.ts';
import { lockThread } from './locks.ts';
import { tasks } from './schema.ts';
import type { TaskRow } from './task-row.ts';

type Retried =
  | { kind: 'requeued'; id: string; step: Step }
  | { kind: 'refused'; id: string; status: TaskStatus };

/**
 * Inside one transaction: the ended task is the thread's business again, and its ring is owed. The fence goes on
 * rising, so a worker that still believes in an older one writes nothing.
 */
export const retryTask = async (
  tx: Queries,
  { id, threadKey }: Pick<TaskRow, 'id' | 'threadKey'>,
  from: readonly TaskStatus[],
): Promise<Retried> => {
  await lockThread(tx, threadKey);
  const [row] = await tx.select().from(tasks).where(eq(tasks.id, id)).for('update');
  if (!row) throw new Error('the task is gone');
  if (!from.includes(row.status)) return { kind: 'refused', id, status: row.status };
  const { step, facts } = resumeFrom(row.facts);
  await tx
    .update(tasks)
    .set({ ...asRecorded, step, facts, generation: sql`${tasks.generation} + 1` })
    .where(eq(tasks.id, id));
  return { kind: 'requeued', id, step };
};

const asRecorded = {
  status: 'queued',
  waitingReason: null,
  waitUntil: null,
  stopBy: null,
  attempt: 0,
  rungAt: null,
  outcome: null,
  finishedAt: null,
  updatedAt: sql`now()`,
} as const;
