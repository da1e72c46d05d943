import { and, asc, gt, isNull, lt, sql } from 'drizzle-orm';
import * as z from 'zod';
import type { LaneOrder } from '#core/lane.ts';
import { laneOrder } from '#core/lane.ts';
import type { LedgerInput, LedgerOutput } from '#core/ledger.ts';
import type { Capacity } from '#core/ports/launcher.ts';
import type { Lane } from '#core/task.ts';
import { laneSchema } from '#core/task.ts';
import { answerGraceMs, beatGraceMs, launchGraceMs } from '#core/worker-life.ts';
import type { Queries } from './database.ts';
import { readyHeads } from './heads.ts';
import { lockPlan } from './locks.ts';
import { settleLapsed } from './reserve.ts';
import { tasks, workers } from './schema.ts';

type Plan = LedgerOutput<'workers.plan'>;

/** Inside one transaction: how many workers there shall be, and a row for each that has to be launched. */
export const planWorkers = async (tx: Queries, input: LedgerInput<'workers.plan'>): Promise<Plan> => {
  const { cap, warm } = input;
  await lockPlan(tx);
  await settleLapsed(tx);
  const unanswered = await unansweredLaunches(tx);
  const waiting = await countWaiting(tx);
  const { living, available, launchedSoFar } = await countWorkers(tx);
  const wanted = waiting.threads + warm;
  const count = Math.max(0, Math.min(cap - living, wanted - available));
  const orders = Array.from({ length: count }, (_, i) => laneOrder(launchedSoFar + i, waiting.lanes));
  // what was interrupted once is not to be interrupted again, and nobody can say which worker will take it
  const capacity = waiting.wasInterrupted ? 'on_demand' : input.capacity;
  const launches = [...unanswered, ...(await launch(tx, orders, capacity))];
  return { wanted, available, launches };
};

type Waiting = { threads: number; lanes: Set<Lane>; wasInterrupted: boolean };

const waitingSchema = z.array(z.object({ lane: laneSchema, threads: z.int(), was_interrupted: z.boolean() }));

/** Threads with a task that can go on and nobody on them. */
const countWaiting = async (tx: Queries): Promise<Waiting> => {
  const { rows } = await tx.execute(sql`
    select lane, count(*)::int as threads, bool_or(was_begun) as was_interrupted
    from (${readyHeads()}) as ready group by lane`);
  const perLane = waitingSchema.parse(rows);
  return {
    threads: perLane.reduce((sum, { threads }) => sum + threads, 0),
    wasInterrupted: perLane.some((lane) => lane.was_interrupted),
    lanes: new Set(perLane.map(({ lane }) => lane)),
  };
};

const workerCountsSchema = z.tuple([
  z.object({ living: z.int(), available: z.int(), launchedSoFar: z.coerce.number() }),
]);

/** A worker lives while its heartbeat is fresh, or while its launch (a minute or two on Fargate) may still succeed. */
const countWorkers = async (tx: Queries) => {
  const { rows } = await tx.execute(sql`
    select count(*)::int as living,
           count(*) filter (where not holds and stop_asked_at is null)::int as available,
           (select coalesce(max(seq), 0) from ${workers}) as "launchedSoFar"
    from (
      select exists (select from ${tasks} where lease_owner = worker.id and lease_until > now()) as holds,
             stop_asked_at
      from ${workers} as worker
      where ended_at is null and (
        heartbeat_at > now() - ${interval(beatGraceMs)}
        or (heartbeat_at is null and launched_at > now() - ${interval(launchGraceMs)}))
    ) as living`);
  return workerCountsSchema.parse(rows)[0];
};

/** Perhaps started, perhaps not: with the same token ECS gives the task that it has started, or starts it now. */
const unansweredLaunches = async (tx: Queries): Promise<Plan['launches']> => {
  const rows = await tx
    .select(launchColumns)
    .from(workers)
    .where(
      and(
        isNull(workers.endedAt),
        isNull(workers.heartbeatAt),
        isNull(workers.taskArn),
        lt(workers.launchedAt, sql`now() - ${interval(answerGraceMs)}`),
        gt(workers.launchedAt, sql`now() - ${interval(launchGraceMs)}`),
      ),
    )
    .orderBy(asc(workers.seq));
  return rows.map(toLaunch);
};

const launch = async (tx: Queries, orders: LaneOrder[], capacity: Capacity): Promise<Plan['launches']> => {
  if (orders.length === 0) return [];
  const rows = await tx
    .insert(workers)
    .values(orders.map((laneOrder) => ({ id: crypto.randomUUID(), laneOrder, capacity })))
    .returning(launchColumns);
  return rows.map(toLaunch);
};

const interval = (ms: number) => sql`make_interval(secs => ${ms / 1000})`;

const launchColumns = { workerId: workers.id, laneOrder: workers.laneOrder, capacity: workers.capacity };

type LaunchRow = { workerId: string; laneOrder: Lane[]; capacity: Capacity };

const toLaunch = ({ laneOrder, ...row }: LaunchRow): Plan['launches'][number] => ({
  ...row,
  laneOrder: laneOrder as LaneOrder, // never empty (workers_lane_order), which a column's type cannot say
});
