import type { SQL } from 'drizzle-orm';
import { eq, sql } from 'drizzle-orm';
import type { Reservation, SpendCaps } from '#core/money.ts';
import type { Database } from './database.ts';
import { named } from './named.ts';
import { reserve } from './reserve.ts';
import { spend, tasks } from './schema.ts';
import type { Held } from './tasks.ts';

export type Spend = ReturnType<typeof createSpend>;

export const createSpend = (db: Database) =>
  named('spend', {
    /** Sets money aside for one run, as much of `wantUsd` as every cap leaves. Asked again for the same run, the same. */
    reserve: (input: Held & { wantUsd: number; caps: SpendCaps }): Promise<Reservation> =>
      db.transaction((tx) => reserve(tx, input)),

    /** What a run has spent so far. Should its worker die, this much is known. */
    note: async ({ taskId, fence, usd }: Held & { usd: number }): Promise<void> => {
      await db.execute(sql`
        update ${spend} set usd = greatest(usd, ${usd}::numeric)
        where task_id = ${taskId} and fence = ${fence} and state = 'reserved'`);
    },

    /** What a run cost, once per run. Money that is gone counts whoever holds the task now. */
    settle: async ({ taskId, fence, usd }: Held & { usd: number }): Promise<void> => {
      await db.execute(sql`
        insert into ${spend} (task_id, fence, thread_key, platform, tenant_id, author_id, day, usd, state)
        select id, ${fence}::bigint, thread_key, platform, thread->>'tenantId', trigger->'author'->>'id',
               (now() at time zone 'utc')::date, ${usd}::numeric, 'settled'
        from ${tasks} where id = ${taskId}
        on conflict (task_id, fence) do update set
          usd = greatest(${spend.usd}, excluded.usd), state = 'settled', reserved_usd = 0
        where ${spend.state} = 'reserved'`);
    },
    totalOfTask: (taskId: string): Promise<number> => total(db, eq(spend.taskId, taskId)),
    totalOfThread: (threadKey: string): Promise<number> => total(db, eq(spend.threadKey, threadKey)),
  });

const total = async (db: Database, where: SQL): Promise<number> => {
  const [sum] = await db
    .select({ usd: sql<string>`coalesce(sum(${spend.usd}), 0)` })
    .from(spend)
    .where(where);
  return Number(sum?.usd ?? 0);
};
