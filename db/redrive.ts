import { and, eq, gt, inArray, isNull, sql } from 'drizzle-orm';
import type { LedgerInput, LedgerOutput } from '#core/ledger.ts';
import { finalStatuses } from '#core/task.ts';
import { threadKey } from '#core/thread-key.ts';
import type { Queries } from './database.ts';
import { beginsWith, only } from './find-by-reference.ts';
import { toSubject } from './record-dead-letter.ts';
import { retryTask } from './retry-task.ts';
import { deadLetters, tasks } from './schema.ts';

type Redriven = LedgerOutput<'redrive'>;
type Letter = typeof deadLetters.$inferSelect;

/** Inside one transaction: a dead task is queued again; a letter that never became one is marked for the inbox. */
export const redrive = async (tx: Queries, { ref, force }: LedgerInput<'redrive'>): Promise<Redriven> => {
  const letters = await tx.select().from(deadLetters).where(beginsWith(deadLetters.id, ref)).limit(2);
  const found = await tx.select({ id: tasks.id }).from(tasks).where(beginsWith(tasks.id, ref)).limit(2);
  const named = only([...found, ...letters]);
  if (named.kind !== 'one') return named;
  const letter = letters.find(({ id }) => id === named.one.id);
  if (letter && letter.taskId === null) return await toInbox(tx, letter, force);
  return await redriveTask(tx, letter?.taskId ?? named.one.id, force);
};

const redriveTask = async (tx: Queries, id: string, force: boolean): Promise<Redriven> => {
  const [task] = await tx.select().from(tasks).where(eq(tasks.id, id));
  if (!task) throw new Error('the task is gone');
  if (task.status !== 'dead') return { kind: 'not_dead', id, status: task.status };
  const newer = force ? undefined : await endedAfter(tx, task.threadKey, gt(tasks.seq, task.seq));
  if (newer) return { kind: 'newer_ended', id, newer };
  const retried = await retryTask(tx, task, ['dead']);
  if (retried.kind === 'refused') return { ...retried, kind: 'not_dead' };
  await tx
    .update(deadLetters)
    .set({ redrivenAt: sql`now()` })
    .where(and(eq(deadLetters.taskId, id), isNull(deadLetters.redrivenAt)));
  return retried;
};

/**
 * Asked for is what has `redriven_at` and, of the two, that alone; when the body is on the inbox again, `announced_at`
 * says so. Until then nothing more is announced of it.
 */
const toInbox = async (tx: Queries, letter: Letter, force: boolean): Promise<Redriven> => {
  const { id, recordedAt } = letter;
  if (letter.redrivenAt) return { kind: 'already', id };
  const subject = toSubject(letter.body);
  if (subject.kind !== 'delivery') return { kind: 'unreadable', id };
  const { event } = subject.delivery;
  if (event.kind === 'mention' && !force) {
    const newer = await endedAfter(tx, threadKey(event.thread), gt(tasks.createdAt, recordedAt));
    if (newer) return { kind: 'newer_ended', id, newer };
  }
  await tx
    .update(deadLetters)
    .set({ redrivenAt: sql`now()`, announcedAt: null })
    .where(and(eq(deadLetters.id, id), isNull(deadLetters.redrivenAt)));
  return { kind: 'to_inbox', id };
};

/** A later request of the thread that has ended: what comes back now would come after it. */
const endedAfter = async (tx: Queries, key: string, later: ReturnType<typeof gt>) => {
  const [newer] = await tx
    .select({ id: tasks.id })
    .from(tasks)
    .where(and(eq(tasks.threadKey, key), inArray(tasks.status, [...finalStatuses]), later))
    .limit(1);
  return newer?.id;
};
