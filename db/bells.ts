import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { Ring } from '#core/messages.ts';
import type { Lane } from '#core/task.ts';
import { isLive } from './claim-task.ts';
import type { Queries } from './database.ts';
import { tasks } from './schema.ts';

/** Where to ring for a thread, under a generation of its own: SQS drops a ring that it has seen within 5 minutes. */
export type Bell = { lane: Lane; ring: Ring };

/** The bell of the thread's next task; undefined when none can go on or somebody is at it. */
export const nextBell = async (db: Queries, threadKey: string): Promise<Bell | undefined> => {
  const open = await db
    .select({ id: tasks.id, isLive })
    .from(tasks)
    .where(and(eq(tasks.threadKey, threadKey), inArray(tasks.status, ['queued', 'running'])))
    .orderBy(asc(tasks.seq));
  const [next] = open;
  if (!next || open.some((task) => task.isLive)) return undefined;
  const [row] = await db.update(tasks).set(nextGeneration).where(eq(tasks.id, next.id)).returning(columns);
  return row && toBell(row);
};

/** Ends the wait of a task; undefined when it did not wait. */
export const endWait = async (db: Queries, taskId: string): Promise<Bell | undefined> => {
  const [row] = await db
    .update(tasks)
    .set({ status: 'queued', waitingReason: null, ...nextGeneration })
    .where(and(eq(tasks.id, taskId), eq(tasks.status, 'waiting')))
    .returning(columns);
  return row && toBell(row);
};

const nextGeneration = { generation: sql`${tasks.generation} + 1`, updatedAt: sql`now()` };

const columns = {
  taskId: tasks.id,
  threadKey: tasks.threadKey,
  lane: tasks.lane,
  generation: tasks.generation,
};

const toBell = ({ lane, ...rest }: Omit<Ring, 'version'> & { lane: Lane }): Bell => ({
  lane,
  ring: { version: 1, ...rest },
});
