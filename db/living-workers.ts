// What is known of the workers that have not ended, and how they end.
import type { SQL } from 'drizzle-orm';
import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import type { LedgerInput, LedgerOutput, LivingWorker } from '#core/ledger.ts';
import { storable } from './columns.ts';
import type { Queries } from './database.ts';
import { workers } from './schema.ts';

const mostWorkers = 1_000;

/** The longest known first. */
export const livingWorkers = (db: Queries): Promise<LivingWorker[]> =>
  db
    .select({
      workerId: workers.id,
      taskArn: workers.taskArn,
      launchedMsAgo: msAgo(workers.launchedAt),
      beatMsAgo: msAgoIfEver(workers.heartbeatAt),
      stopAskedMsAgo: msAgoIfEver(workers.stopAskedAt),
    })
    .from(workers)
    .where(isNull(workers.endedAt))
    .orderBy(asc(workers.seq))
    .limit(mostWorkers);

const msAgo = (instant: PgColumn): SQL<number> =>
  sql`(extract(epoch from now() - ${instant}) * 1000)::double precision`;
const msAgoIfEver = (instant: PgColumn): SQL<number | null> => msAgo(instant); // null of null

const neverStarted = 'never started: ';

/** Unless it has been heard of meanwhile. */
export const endNeverStarted = async (
  tx: Queries,
  { workerId, reason }: LedgerInput<'workers.never_started'>,
): Promise<LedgerOutput<'workers.never_started'>> => {
  await tx
    .update(workers)
    .set(endedFor(`${neverStarted}${reason}`))
    .where(and(eq(workers.id, workerId), isNull(workers.heartbeatAt), isNull(workers.endedAt)));
  return { inARow: await countInARow(tx) };
};

/** Since the last worker that was heard of. A launch for which there was no room says nothing about either. */
const countInARow = (tx: Queries): Promise<number> => {
  const lastHeardOf = sql`select max(${workers.seq}) from ${workers} where ${workers.heartbeatAt} is not null`;
  return tx.$count(
    workers,
    sql`${workers.endReason} like ${`${neverStarted}%`} and ${workers.seq} > coalesce((${lastHeardOf}), 0)`,
  );
};

export const endedFor = (reason: string) => ({ endedAt: sql`now()`, endReason: storable(reason) });
