import { asc, eq, sql } from 'drizzle-orm';
import * as z from 'zod';
import type { LedgerInput, LedgerOutput } from '#core/ledger.ts';
import type { ShownTask } from '#core/operations.ts';
import type { Queries } from './database.ts';
import { listLetters } from './dead-letters.ts';
import { beginsWith, only } from './find-by-reference.ts';
import { deadLetters, deliveries, runs, spend, tasks } from './schema.ts';
import type { TaskRow } from './task-row.ts';
import { toTask } from './task-row.ts';

/** Everything that is stored of a task. */
export const showTask = async (
  db: Queries,
  { ref }: LedgerInput<'tasks.show'>,
): Promise<LedgerOutput<'tasks.show'>> => {
  const named = only(await db.select().from(tasks).where(beginsWith(tasks.id, ref)).limit(3));
  if (named.kind !== 'one') return named;
  const { one: row } = named;
  return {
    kind: 'found',
    task: {
      ...toShown(row),
      ...(await moneyOf(db, row.id)),
      runs: await runsOf(db, row.id),
      deliveries: await deliveriesOf(db, row.id),
      deadLetters: await listLetters(db, eq(deadLetters.taskId, row.id), 50),
    },
  };
};

const toShown = (row: TaskRow) => ({
  ...toTask(row),
  waitingReason: row.waitingReason,
  waitUntil: iso(row.waitUntil),
  stopBy: row.stopBy,
  fence: row.fence,
  attempt: row.attempt,
  leaseUntil: iso(row.leaseUntil),
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
  finishedAt: iso(row.finishedAt),
  outcome: row.outcome,
  facts: row.facts,
});

const iso = (instant: Date | null): string | null => instant?.toISOString() ?? null;

const moneySchema = z.tuple([z.object({ spentUsd: z.coerce.number(), reservedUsd: z.coerce.number() })]);

const moneyOf = async (db: Queries, taskId: string) => {
  const { rows } = await db.execute(sql`
    select coalesce(sum(usd), 0) as "spentUsd", coalesce(sum(reserved_usd), 0) as "reservedUsd"
    from ${spend} where task_id = ${taskId}`);
  return moneySchema.parse(rows)[0];
};

const runsOf = async (db: Queries, taskId: string): Promise<ShownTask['runs']> => {
  const rows = await db.select().from(runs).where(eq(runs.taskId, taskId)).orderBy(asc(runs.fence));
  return rows.map(({ fence, status, costUsd, turns, durationMs, startedAt, endedAt }) => ({
    fence,
    status,
    costUsd,
    turns,
    durationMs,
    startedAt: startedAt.toISOString(),
    endedAt: iso(endedAt),
  }));
};

const deliveriesOf = async (db: Queries, taskId: string): Promise<ShownTask['deliveries']> => {
  const rows = await db
    .select()
    .from(deliveries)
    .where(eq(deliveries.taskId, taskId))
    .orderBy(asc(deliveries.receivedAt))
    .limit(50);
  return rows.map(({ id, command, receivedAt }) => ({ id, command, receivedAt: receivedAt.toISOString() }));
};
