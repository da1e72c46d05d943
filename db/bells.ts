import { and, eq, sql } from 'drizzle-orm';
import * as z from 'zod';
import type { LedgerInput } from '#core/ledger.ts';
import type { bellSchema } from '#core/messages.ts';
import { ringSchema } from '#core/messages.ts';
import { laneSchema } from '#core/task.ts';
import type { Database, Queries } from './database.ts';
import { isFrozen, readyHeads } from './heads.ts';
import { named } from './named.ts';
import { tasks } from './schema.ts';

/** Where to ring for a thread. */
export type Bell = z.infer<typeof bellSchema>;

export type Bells = ReturnType<typeof createBells>;

export const createBells = (db: Database) =>
  named('bells', {
    due: ({ limit }: LedgerInput<'bells.due'>): Promise<Bell[]> => dueBells(db, limit),
    rung: (bell: LedgerInput<'bells.rung'>): Promise<void> => markRung(db, bell),
  });

/** The bell of the thread's next task; undefined when none can go on or somebody is at it. */
export const nextBell = async (db: Queries, threadKey: string): Promise<Bell | undefined> => {
  const { rows } = await db.execute(sql`
    update ${tasks} set generation = ${tasks.generation} + 1, rung_at = now(), updated_at = now()
    from (${readyHeads(threadKey)}) as head where ${tasks.id} = head.id
    returning ${columns}`);
  return toBells(rows)[0];
};

/**
 * A ring that may have been lost is repeated after so long: the message, or who should have sent it, may be gone. Longer
 * than the five minutes for which SQS drops the same one.
 */
const repeatAfter = sql`interval '6 minutes'`;

/**
 * Bells that are owed: a wait that is over, a ring that nobody sent or that came to nothing. The generation stays until
 * `markRung`, so a crash between the two sends the same message again, which SQS drops.
 */
const dueBells = async (db: Queries, limit: number): Promise<Bell[]> => {
  await db.execute(sql`
    update ${tasks} set ${requeued}
    where ${tasks.status} = 'waiting' and (${tasks.waitUntil} <= now()
      or (${tasks.waitingReason} = 'frozen' and not ${isFrozen}))`); // its worker stepped aside after the thaw
  const { rows } = await db.execute(sql`
    select ${columns} from ${tasks} join (${readyHeads()}) as head on ${tasks.id} = head.id
    where ${tasks.rungAt} is null or ${tasks.rungAt} < now() - ${repeatAfter}
    order by ${tasks.rungAt} nulls first, ${tasks.seq} limit ${limit}`);
  return toBells(rows);
};

const markRung = async (db: Queries, { taskId, generation }: LedgerInput<'bells.rung'>): Promise<void> => {
  await db
    .update(tasks)
    .set({ rungAt: sql`now()` })
    .where(and(eq(tasks.id, taskId), eq(tasks.generation, generation)));
};

/**
 * Open again, under a generation of its own (SQS drops a ring that it has seen within 5 minutes), and its ring is owed:
 * for a raw `update … set`.
 */
export const requeued = sql`
  status = 'queued', waiting_reason = null, wait_until = null, rung_at = null,
  generation = ${tasks.generation} + 1, updated_at = now()`;

const columns = sql`${tasks.id} as "taskId", ${tasks.threadKey} as "threadKey", ${tasks.lane} as lane, ${tasks.generation} as generation`;

const bellRowSchema = ringSchema.omit({ version: true }).extend({ lane: laneSchema });

const toBells = (rows: unknown): Bell[] =>
  z
    .array(bellRowSchema)
    .parse(rows)
    .map(({ lane, ...ring }) => ({ lane, ring: { version: 1, ...ring } }));
