import { and, eq, inArray, isNotNull, sql } from 'drizzle-orm';
import type { Delivery } from '#core/delivery.ts';
import type { LedgerInput, LedgerOutput } from '#core/ledger.ts';
import type { Ring } from '#core/messages.ts';
import { inboxMessageSchema, ringSchema } from '#core/messages.ts';
import { openStatuses } from '#core/task.ts';
import { storable } from './columns.ts';
import type { Queries } from './database.ts';
import { holdsThread, isLeased } from './heads.ts';
import { lockThread } from './locks.ts';
import { deadLetters, deliveries, tasks } from './schema.ts';
import type { TaskRow } from './task-row.ts';

type Letter = LedgerInput<'dead_letters.record'>;
type Recorded = LedgerOutput<'dead_letters.record'>;
type Subject = { kind: 'ring'; ring: Ring } | { kind: 'delivery'; delivery: Delivery } | { kind: 'unknown' };
type Row = TaskRow & { isLeased: boolean };

/** Inside one transaction: the letter is kept, its task is dead, and the thread goes on with the next one. */
export const recordDeadLetter = async (tx: Queries, letter: Letter): Promise<Recorded> => {
  const subject = toSubject(letter.body);
  const task = await findTask(tx, subject);
  const known = await findLetter(tx, letter.messageId);
  if (known)
    return { ...known, kind: 'recorded', tell: await toTell(tx, subject, known.taskId ? task : undefined) };
  if (task?.isLeased) return { kind: 'busy', taskId: task.id };
  const dead = task && canDie(task, subject) ? await kill(tx, task, letter.reason) : task;
  if (task) await oweBell(tx, task.threadKey);
  const [kept] = await tx
    .insert(deadLetters)
    .values({ ...letter, body: storable(letter.body), taskId: task?.id ?? null })
    .returning({ id: deadLetters.id, taskId: deadLetters.taskId });
  if (!kept) throw new Error('the insert of a dead letter gave no row');
  return { ...kept, kind: 'recorded', tell: await toTell(tx, subject, dead), alreadyAnnounced: false };
};

export const toSubject = (body: string): Subject => {
  const value = tryParse(body);
  const ring = ringSchema.safeParse(value);
  if (ring.success) return { kind: 'ring', ring: ring.data };
  const delivery = inboxMessageSchema.safeParse(value);
  return delivery.success ? { kind: 'delivery', delivery: delivery.data } : { kind: 'unknown' };
};

const tryParse = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // it is kept as it came
  }
};

/** Under its thread's lock: nobody claims it meanwhile. */
const findTask = async (tx: Queries, subject: Subject): Promise<Row | undefined> => {
  const where = whereOf(subject);
  if (!where) return undefined;
  const [found] = await tx.select({ id: tasks.id, threadKey: tasks.threadKey }).from(tasks).where(where);
  if (!found) return undefined;
  await lockThread(tx, found.threadKey);
  const [row] = await tx
    .select({ row: tasks, isLeased })
    .from(tasks)
    .where(eq(tasks.id, found.id))
    .for('update');
  return row && { ...row.row, isLeased: row.isLeased };
};

const whereOf = (subject: Subject) => {
  if (subject.kind === 'ring') return eq(tasks.id, subject.ring.taskId);
  if (subject.kind === 'unknown' || subject.delivery.event.kind !== 'mention') return undefined;
  const { platform, event } = subject.delivery;
  return and(eq(tasks.platform, platform), eq(tasks.triggerKey, event.trigger.key));
};

const findLetter = async (tx: Queries, messageId: string) => {
  const [found] = await tx
    .select({
      id: deadLetters.id,
      taskId: deadLetters.taskId,
      announcedAt: deadLetters.announcedAt,
      redrivenAt: deadLetters.redrivenAt,
    })
    .from(deadLetters)
    .where(eq(deadLetters.messageId, messageId));
  if (!found) return undefined;
  const { id, taskId, announcedAt, redrivenAt } = found;
  return { id, taskId, alreadyAnnounced: announcedAt !== null || redrivenAt !== null };
};

/**
 * Only a ring says that its task cannot be done. One of an earlier generation says nothing of the task as it is now; nor
 * does a delivery whose task was recorded: its bell is owed, and reconcile rings it.
 */
const canDie = ({ status, generation }: Row, subject: Subject): boolean =>
  subject.kind === 'ring' &&
  subject.ring.generation >= generation &&
  openStatuses.some((open) => open === status);

/** Its step stays: when it is brought back, it goes on from there. Its fence rises: a worker that still writes comes too late. */
const kill = async (tx: Queries, task: Row, reason: string): Promise<Row> => {
  const outcome = { status: 'dead', reason } as const;
  const fence = task.fence + 1;
  const end = { status: 'dead', outcome, fence, waitingReason: null, waitUntil: null } as const;
  await tx
    .update(tasks)
    .set({ ...end, leaseOwner: null, leaseUntil: null, finishedAt: sql`now()`, updatedAt: sql`now()` })
    .where(and(eq(tasks.id, task.id), inArray(tasks.status, [...openStatuses])));
  return { ...task, ...end };
};

/**
 * The thread's next task is rung as soon as reconcile looks, under a generation of its own: its first ring may have been
 * acknowledged while the dead task held the thread, and SQS drops a second one of that generation.
 */
const oweBell = (tx: Queries, threadKey: string) =>
  tx.execute(sql`
    update ${tasks} set generation = ${tasks.generation} + 1, rung_at = null, updated_at = now()
    where not ${isLeased} and ${tasks.id} = (
      select id from ${tasks} where thread_key = ${threadKey} and ${holdsThread} order by seq limit 1)`);

/** A dead task is told, and a mention that never became one; a refused one was never answered either. */
const toTell = async (tx: Queries, subject: Subject, task: Row | undefined) => {
  if (task) {
    const { status, thread, trigger, fence } = task;
    return status === 'dead' ? { thread, fence, author: trigger.author, createdAt: trigger.createdAt } : null;
  }
  if (subject.kind !== 'delivery' || subject.delivery.event.kind !== 'mention') return null;
  const { platform, id, event } = subject.delivery;
  const [refused] = await tx
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(and(eq(deliveries.platform, platform), eq(deliveries.id, id), isNotNull(deliveries.refusal)));
  const { thread, trigger } = event;
  return refused ? null : { thread, fence: 0, author: trigger.author, createdAt: trigger.createdAt };
};
