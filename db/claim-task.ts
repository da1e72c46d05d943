import { and, asc, eq, sql } from 'drizzle-orm';
import type { Claim } from '#core/job.ts';
import { leaseMs } from '#core/job.ts';
import type { Queries } from './database.ts';
import { holdsThread, isFrozen, isGreeted, isLeased } from './heads.ts';
import { lockThread } from './locks.ts';
import { tasks } from './schema.ts';
import { toTask } from './task-row.ts';

export type ClaimInput = { threadKey: string; workerId: string };

export const leaseEnd = sql`now() + make_interval(secs => ${leaseMs / 1000})`;

/**
 * Inside one transaction: the thread's oldest task, for one worker at a time. While it waits for something, what came
 * after it waits too; only an approval lets the tasks behind it pass (heads.ts).
 *
 * The holder itself may ask again, after an answer that got lost: it gets the same task in the same attempt, under a
 * new fence, so what it may still be doing under the old one has no effect.
 */
export const claimTask = async (tx: Queries, { threadKey, workerId }: ClaimInput): Promise<Claim> => {
  await lockThread(tx, threadKey);
  const open = await openTasks(tx, threadKey);
  const held = open.find((task) => task.isLeased);
  if (held?.until && held.owner !== workerId) return { kind: 'leased', until: held.until };
  const next = held ?? open[0];
  if (!next) return { kind: 'nothing_open' };
  if (next.isGreeted && next.greetingUntil) return { kind: 'leased', until: next.greetingUntil };
  if (next.waitingReason) return { kind: 'waiting', reason: next.waitingReason };
  if (next.isFrozen) {
    await tx.update(tasks).set(frozen).where(eq(tasks.id, next.id));
    return { kind: 'waiting', reason: 'frozen' };
  }
  return await take(tx, { id: next.id, isHeld: held !== undefined, workerId });
};

const openTasks = (tx: Queries, threadKey: string) =>
  tx
    .select({
      id: tasks.id,
      owner: tasks.leaseOwner,
      until: tasks.leaseUntil,
      waitingReason: tasks.waitingReason,
      greetingUntil: tasks.greetingUntil,
      isLeased,
      isGreeted,
      isFrozen,
    })
    .from(tasks)
    .where(and(eq(tasks.threadKey, threadKey), holdsThread))
    .orderBy(asc(tasks.seq))
    .for('update'); // a finish under way ends first, and its task is not open any more

const frozen = {
  status: 'waiting',
  waitingReason: 'frozen',
  leaseOwner: null,
  leaseUntil: null,
  updatedAt: sql`now()`,
} as const;

type Taken = { id: string; isHeld: boolean; workerId: string };

const take = async (tx: Queries, { id, isHeld, workerId }: Taken): Promise<Claim> => {
  const [row] = await tx
    .update(tasks)
    .set({
      status: 'running',
      fence: sql`${tasks.fence} + 1`,
      attempt: isHeld ? tasks.attempt : sql`${tasks.attempt} + 1`,
      leaseOwner: workerId,
      leaseUntil: leaseEnd,
      updatedAt: sql`now()`,
    })
    .where(eq(tasks.id, id))
    .returning();
  if (!row) throw new Error('the claimed task is gone');
  const { facts, fence, attempt, stopBy } = row;
  return { kind: 'claimed', job: { task: toTask(row), facts, fence, attempt, stopBy } };
};
