import type { SQL } from 'drizzle-orm';
import { eq, sql } from 'drizzle-orm';
import type { Database } from './database.ts';
import { named } from './named.ts';
import { spend, tasks } from './schema.ts';
import type { Held } from './tasks.ts';

export type Spend = ReturnType<typeof createSpend>;

export const createSpend = (db: Database) =>
  named('spend', {
    /** What a run cost, once per run. Money that is gone counts whoever holds the task now. */
    settle: async ({ taskId, fence, usd }: Held & { usd: number }): Promise<void> => {
      await db.execute(sql`
        insert into ${spend} (task_id, fence, thread_key, platform, tenant_id, author_id, day, usd, state)
        select id, ${fence}::bigint, thread_key, platform, thread->>'tenantId', trigger->'author'->>'id',
               (now() at time zone 'utc')::date, ${usd}::numeric, 'settled'
        from ${tasks} where id = ${taskId}
        on conflict (task_id, fence) do nothing`);
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
