import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { Claim } from '#core/job.ts';
import { leaseMs } from '#core/job.ts';
import type { Queries } from './database.ts';
import { lockThread } from './locks.ts';
import { tasks } from './schema.ts';
import { toTask } from './task-row.ts';

export type ClaimInput = { threadKey: string; workerId: string };

export const isLive = sql<boolean>`coalesce(${tasks.leaseUntil} > now(), false)`;
export const leaseEnd = sql`now() + make_interval(secs => ${leaseMs / 1000})`;

/**
 * Inside one transaction: the thread's oldest task that can go on, for one worker at a time. A task that waits for
 * something (an approval, say) steps aside, so that the answer behind it can come through.
 *
 * The holder itself may ask again, after an answer that got lost: it gets the same task in the same attempt, under a
 * new fence, so what it may still be doing under the old one has no effect.
 */
export const claimTask = async (tx: Queries, { threadKey, workerId }: ClaimInput): Promise<Claim> => {
  await lockThread(tx, threadKey);
  const open = await tx
    .select({ id: tasks.id, owner: tasks.leaseOwner, until: tasks.leaseUntil, isLive })
    .from(tasks)
    .where(and(eq(tasks.threadKey, threadKey), inArray(tasks.status, ['queued', 'running'])))
    .orderBy(asc(tasks.seq))
    .for('update'); // a finish under way ends first, and its task is not open any more
  const held = open.find((task) => task.isLive);
  if (held?.until && held.owner !== workerId) return { kind: 'leased', until: held.until };
  const next = held ?? open[0];
  if (!next) return { kind: 'nothing_open' };

  const [row] = await tx
    .update(tasks)
    .set({
      status: 'running',
      fence: sql`${tasks.fence} + 1`,
      attempt: held ? tasks.attempt : sql`${tasks.attempt} + 1`,
      leaseOwner: workerId,
      leaseUntil: leaseEnd,
      updatedAt: sql`now()`,
    })
    .where(eq(tasks.id, next.id))
    .returning();
  if (!row) throw new Error('the claimed task is gone');
  return {
    kind: 'claimed',
    job: { task: toTask(row), facts: row.facts, fence: row.fence, attempt: row.attempt },
  };
};
