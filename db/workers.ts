import { and, eq, isNull, sql } from 'drizzle-orm';
import type { LedgerInput, LedgerOutput, LivingWorker } from '#core/ledger.ts';
import { lanes } from '#core/task.ts';
import type { Database } from './database.ts';
import { endedFor, endNeverStarted, livingWorkers } from './living-workers.ts';
import { named } from './named.ts';
import { planWorkers } from './plan-workers.ts';
import { workers } from './schema.ts';

export type Workers = ReturnType<typeof createWorkers>;

export const createWorkers = (db: Database) =>
  named('workers', {
    plan: (input: LedgerInput<'workers.plan'>): Promise<LedgerOutput<'workers.plan'>> =>
      db.transaction((tx) => planWorkers(tx, input)),

    launched: async ({ workerId, taskArn }: LedgerInput<'workers.launched'>): Promise<void> => {
      await db.update(workers).set({ taskArn }).where(eq(workers.id, workerId));
    },

    /** Unless it has been heard of: an answer of RunTask can get lost after the task was started. */
    launchFailed: async ({ workerId, reason }: LedgerInput<'workers.launch_failed'>): Promise<void> => {
      await db
        .update(workers)
        .set(endedFor(`launch failed: ${reason}`))
        .where(and(eq(workers.id, workerId), isNull(workers.heartbeatAt), isNull(workers.endedAt)));
    },

    /** A worker that beats lives, whatever was thought of it, even one that nobody planned. */
    beat: async (workerId: string): Promise<void> => {
      const alive = { heartbeatAt: sql`now()`, endedAt: null, endReason: null };
      await db
        .insert(workers)
        .values({ id: workerId, laneOrder: [...lanes], ...alive })
        .onConflictDoUpdate({ target: workers.id, set: alive });
    },

    living: (): Promise<LivingWorker[]> => livingWorkers(db),

    askStop: async ({ workerId }: LedgerInput<'workers.ask_stop'>): Promise<void> => {
      await db
        .update(workers)
        .set({ stopAskedAt: sql`coalesce(${workers.stopAskedAt}, now())` })
        .where(eq(workers.id, workerId));
    },

    spare: async ({ workerId }: LedgerInput<'workers.spare'>): Promise<void> => {
      await db.update(workers).set({ stopAskedAt: null }).where(eq(workers.id, workerId));
    },

    neverStarted: (
      input: LedgerInput<'workers.never_started'>,
    ): Promise<LedgerOutput<'workers.never_started'>> => db.transaction((tx) => endNeverStarted(tx, input)),

    stopped: async ({ taskArn, reason }: LedgerInput<'workers.stopped'>): Promise<void> => {
      await db
        .update(workers)
        .set(endedFor(reason))
        .where(and(eq(workers.taskArn, taskArn), isNull(workers.endedAt)));
    },

    ended: async ({ workerId, reason }: LedgerInput<'workers.ended'>): Promise<void> => {
      await db
        .update(workers)
        .set(endedFor(reason))
        .where(and(eq(workers.id, workerId), isNull(workers.endedAt)));
    },
  });
