import { sql } from 'drizzle-orm';
import * as z from 'zod';
import { laneOrder } from '#core/lane.ts';
import type { LedgerInput, LedgerOutput } from '#core/ledger.ts';
import type { Lane } from '#core/task.ts';
import { laneSchema } from '#core/task.ts';
import type { Queries } from './database.ts';
import { readyHeads } from './heads.ts';
import { lockPlan } from './locks.ts';
import { settleLapsed } from './reserve.ts';
import { tasks, workers } from './schema.ts';

type Plan = LedgerOutput<'workers.plan'>;

/** Inside one transaction: how many workers there shall be, and a row for each that has to be launched. */
export const planWorkers = async (tx: Queries, { cap, warm }: LedgerInput<'workers.plan'>): Promise<Plan> => {
  await lockPlan(tx);
  await settleLapsed(tx);
  const waiting = await countWaiting(tx);
  const { living, available, launchedSoFar } = await countWorkers(tx);
  const wanted = waiting.threads + warm;
  const count = Math.max(0, Math.min(cap - living, wanted - available));
  const orders = Array.from({ length: count }, (_, i) => laneOrder(launchedSoFar + i, waiting.lanes));
  return { wanted, available, launches: await launch(tx, orders) };
};

/** Threads with a task that can go on and nobody on them. */
const countWaiting = async (tx: Queries): Promise<{ threads: number; lanes: Set<Lane> }> => {
  const { rows } = await tx.execute(
    sql`select lane, count(*)::int as threads from (${readyHeads()}) as ready group by lane`,
  );
  const perLane = z.array(z.object({ lane: laneSchema, threads: z.int() })).parse(rows);
  return {
    threads: perLane.reduce((sum, { threads }) => sum + threads, 0),
    lanes: new Set(perLane.map(({ lane }) => lane)),
  };
};

const workerCountsSchema = z.tuple([
  z.object({ living: z.int(), available: z.int(), launchedSoFar: z.coerce.number() }),
]);

/** A worker lives while its heartbeat is fresh, or while its launch (a minute or two on Fargate) may still succeed. */
const countWorkers = async (tx: Queries) => {
  const { rows } = await tx.execute(sql`
    select count(*)::int as living, count(*) filter (where not holds)::int as available,
           (select coalesce(max(seq), 0) from ${workers}) as "launchedSoFar"
    from (
      select exists (select from ${tasks} where lease_owner = worker.id and lease_until > now()) as holds
      from ${workers} as worker
      where ended_at is null and (
        heartbeat_at > now() - interval '2 minutes'
        or (heartbeat_at is null and launched_at > now() - interval '3 minutes'))
    ) as living`);
  return workerCountsSchema.parse(rows)[0];
};

const launch = async (tx: Queries, orders: ReturnType<typeof laneOrder>[]): Promise<Plan['launches']> => {
  if (orders.length === 0) return [];
  const rows = await tx
    .insert(workers)
    .values(orders.map((laneOrder) => ({ id: crypto.randomUUID(), laneOrder })))
    .returning({ workerId: workers.id, laneOrder: workers.laneOrder });
  // what was just stored: never empty, which a column's type cannot say
  return rows.map(({ workerId, laneOrder }) => ({ workerId, laneOrder: laneOrder as (typeof orders)[0] }));
};
