import { and, asc, desc, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import type { LedgerInput, LedgerOutput } from '#core/ledger.ts';
import type { ListedLetter } from '#core/operations.ts';
import type { Database, Queries } from './database.ts';
import { named } from './named.ts';
import { recordDeadLetter } from './record-dead-letter.ts';
import { deadLetters } from './schema.ts';

export type DeadLetters = ReturnType<typeof createDeadLetters>;

export const createDeadLetters = (db: Database) =>
  named('dead_letters', {
    record: (input: LedgerInput<'dead_letters.record'>): Promise<LedgerOutput<'dead_letters.record'>> =>
      db.transaction((tx) => recordDeadLetter(tx, input)),

    announced: ({ id }: LedgerInput<'dead_letters.announced'>): Promise<void> =>
      // on its way back it is not told any more
      mark(db, and(eq(deadLetters.id, id), isNull(deadLetters.redrivenAt))),

    list: async ({
      which,
      limit,
    }: LedgerInput<'dead_letters.list'>): Promise<LedgerOutput<'dead_letters.list'>> => {
      const kept = which === 'kept' ? isNull(deadLetters.redrivenAt) : undefined;
      const letters = await listLetters(db, kept, limit + 1);
      return { letters: letters.slice(0, limit), more: letters.length > limit };
    },

    toRedrive: ({
      limit,
    }: LedgerInput<'dead_letters.to_redrive'>): Promise<LedgerOutput<'dead_letters.to_redrive'>> =>
      db
        .select({ id: deadLetters.id, groupId: deadLetters.groupId, body: deadLetters.body })
        .from(deadLetters)
        .where(isAwaited)
        .orderBy(asc(deadLetters.redrivenAt))
        .limit(limit),

    redriven: ({ id }: LedgerInput<'dead_letters.redriven'>): Promise<void> =>
      mark(db, and(eq(deadLetters.id, id), isAwaited)),
  });

/** See db/redrive.ts. */
const isAwaited = and(
  isNull(deadLetters.taskId),
  isNotNull(deadLetters.redrivenAt),
  isNull(deadLetters.announcedAt),
);

type Where = ReturnType<typeof and>;

const mark = async (db: Database, where: Where): Promise<void> => {
  await db
    .update(deadLetters)
    .set({ announcedAt: sql`now()` })
    .where(and(isNull(deadLetters.announcedAt), where));
};

/** The newest first. */
export const listLetters = async (db: Queries, where: Where, limit: number): Promise<ListedLetter[]> => {
  const rows = await db
    .select({
      id: deadLetters.id,
      taskId: deadLetters.taskId,
      queue: deadLetters.queue,
      reason: deadLetters.reason,
      recordedAt: deadLetters.recordedAt,
      ageSeconds: sql<number>`extract(epoch from now() - ${deadLetters.recordedAt})::int`,
      isAwaited: sql<boolean>`coalesce(${isAwaited}, false)`,
      isRedriven: sql<boolean>`${deadLetters.redrivenAt} is not null`,
    })
    .from(deadLetters)
    .where(where)
    .orderBy(desc(deadLetters.recordedAt), asc(deadLetters.id))
    .limit(limit);
  return rows.map(({ id, taskId, queue, reason, recordedAt, ageSeconds, isAwaited, isRedriven }) => ({
    id,
    taskId,
    queue,
    reason,
    recordedAt: recordedAt.toISOString(),
    ageSeconds,
    state: isAwaited ? 'to_redrive' : isRedriven ? 'redriven' : 'kept',
  }));
};
