import { and, eq, sql } from 'drizzle-orm';
import type { RunReport } from '#core/task.ts';
import type { Database } from './database.ts';
import { named } from './named.ts';
import type { runStatuses } from './schema.ts';
import { runs } from './schema.ts';
import type { Held } from './tasks.ts';

export type Runs = ReturnType<typeof createRuns>;
export type RunEnd = Exclude<(typeof runStatuses)[number], 'running'>;

export const createRuns = (db: Database) =>
  named('runs', {
    /** One row per fence: told twice, it began once. */
    start: async ({ sessionId, ...held }: Held & { sessionId: string }): Promise<void> => {
      await db
        .insert(runs)
        .values({ ...held, sessionId })
        .onConflictDoNothing();
    },
    /** False when there is no such run, or it had ended before. */
    finish: async ({
      taskId,
      fence,
      status,
      report,
    }: Held & { status: RunEnd; report: RunReport }): Promise<boolean> => {
      const { usage, turns, durationMs } = report;
      const { rowCount } = await db
        .update(runs)
        .set({ ...usage, turns, durationMs, status, endedAt: sql`now()` })
        .where(and(eq(runs.taskId, taskId), eq(runs.fence, fence), eq(runs.status, 'running')));
      return rowCount === 1;
    },
  });
