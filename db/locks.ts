import { sql } from 'drizzle-orm';
import type { Queries } from './database.ts';

// The first half of an advisory lock's number: what is locked. https://www.postgresql.org/docs/17/explicit-locking.html#ADVISORY-LOCKS
const kinds = { thread: 1, plan: 2, money: 3 } as const;

/** One at a time per thread, until the transaction ends: who may work on it, and what is asked for in it. */
export const lockThread = (tx: Queries, threadKey: string) =>
  tx.execute(sql`select pg_advisory_xact_lock(${kinds.thread}, hashtext(${threadKey}))`);

/** One at a time, until the transaction ends: how many workers there shall be. */
export const lockPlan = (tx: Queries) => tx.execute(sql`select pg_advisory_xact_lock(${kinds.plan}, 0)`);

/** One at a time, until the transaction ends: what may still be spent. */
export const lockMoney = (tx: Queries) => tx.execute(sql`select pg_advisory_xact_lock(${kinds.money}, 0)`);
