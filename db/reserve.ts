import type { SQL } from 'drizzle-orm';
import { sql } from 'drizzle-orm';
import * as z from 'zod';
import type { CapName, Reservation, SpendCaps } from '#core/money.ts';
import { capNames } from '#core/money.ts';
import type { Queries } from './database.ts';
import { lockMoney } from './locks.ts';
import { spend, tasks } from './schema.ts';

type Input = { taskId: string; fence: number; wantUsd: number; caps: SpendCaps };

/** With less than this no run comes to an answer. */
const leastUsd = 0.01;

/** Inside one transaction, one at a time: two runs never get the same money. */
export const reserve = async (tx: Queries, input: Input): Promise<Reservation> => {
  const { taskId, fence, wantUsd, caps } = input;
  await lockMoney(tx);
  await settleEarlierRuns(tx, input);
  const before = await findReservation(tx, input);
  if (before !== undefined) return { kind: 'granted', usd: before };
  const used = await usedUnder(tx, taskId);
  const left = capNames.map((cap) => ({ cap, usd: caps[cap] - used[cap] }));
  const tightest = left.reduce((least, next) => (next.usd < least.usd ? next : least));
  const usd = Math.min(wantUsd, tightest.usd);
  if (usd < leastUsd) return { kind: 'refused', cap: tightest.cap, until: used.endOf[tightest.cap] };
  await tx.execute(sql`
    insert into ${spend} (task_id, fence, thread_key, platform, tenant_id, author_id, day, usd, reserved_usd, state)
    select id, ${fence}::bigint, thread_key, platform, thread->>'tenantId', trigger->'author'->>'id',
           (now() at time zone 'utc')::date, 0, ${usd}::numeric, 'reserved'
    from ${tasks} where id = ${taskId}`);
  return { kind: 'granted', usd };
};

/** A run under an older fence is over, whatever became of its worker: what it is known to have spent is what it cost. */
const settleEarlierRuns = (tx: Queries, { taskId, fence }: Input) =>
  tx.execute(sql`
    update ${spend} set state = 'settled', reserved_usd = 0
    where task_id = ${taskId} and fence < ${fence} and state = 'reserved'`);

/** How long a run may go on without a word to Postgres, and some more. */
const lapseAfter = sql`interval '15 minutes'`;

/** Reservations whose run nobody holds any more cost what they are known to have spent: no crash keeps money back. */
export const settleLapsed = (tx: Queries) =>
  tx.execute(sql`
    update ${spend} set state = 'settled', reserved_usd = 0
    where state = 'reserved' and not exists (
      select from ${tasks} as task where task.id = ${spend.taskId} and task.fence = ${spend.fence}
        and task.status = 'running' and task.lease_until > now() - ${lapseAfter})`);

const reservedSchema = z.array(z.object({ usd: z.coerce.number() }));

const findReservation = async (tx: Queries, { taskId, fence }: Input): Promise<number | undefined> => {
  const { rows } = await tx.execute(
    sql`select reserved_usd as usd from ${spend} where task_id = ${taskId} and fence = ${fence}`,
  );
  return reservedSchema.parse(rows)[0]?.usd;
};

const usedSchema = z.tuple([
  z.object({
    task: z.coerce.number(),
    thread_day: z.coerce.number(),
    user_day: z.coerce.number(),
    installation_month: z.coerce.number(),
    all_month: z.coerce.number(),
    tomorrow: z.coerce.date(),
    nextMonth: z.coerce.date(),
  }),
]);

/** What counts against each cap: spent, or still set aside. Days and months are UTC's. */
const usedUnder = async (tx: Queries, taskId: string) => {
  const sumWhere = (where: SQL, cap: CapName) =>
    sql`coalesce(sum(greatest(entry.usd, entry.reserved_usd)) filter (where ${where}), 0) as ${sql.identifier(cap)}`;
  const thisMonth = sql`entry.day >= date_trunc('month', utc.now)`;
  const today = sql`entry.day = utc.now::date`;
  const { rows } = await tx.execute(sql`
    select ${sumWhere(sql`entry.task_id = task.id`, 'task')},
      ${sumWhere(sql`entry.thread_key = task.thread_key and ${today}`, 'thread_day')},
      ${sumWhere(sql`entry.platform = task.platform and entry.author_id = task.trigger->'author'->>'id' and ${today}`, 'user_day')},
      ${sumWhere(sql`entry.platform = task.platform and entry.tenant_id = task.thread->>'tenantId' and ${thisMonth}`, 'installation_month')},
      ${sumWhere(thisMonth, 'all_month')},
      (date_trunc('day', utc.now) + interval '1 day') at time zone 'utc' as tomorrow,
      (date_trunc('month', utc.now) + interval '1 month') at time zone 'utc' as "nextMonth"
    from ${tasks} as task
    cross join (select now() at time zone 'utc' as now) as utc
    left join ${spend} as entry on entry.task_id = task.id or entry.day >= date_trunc('month', utc.now)
    where task.id = ${taskId} group by task.id, utc.now`);
  const [{ tomorrow, nextMonth, ...used }] = usedSchema.parse(rows);
  const endOf: { [C in CapName]: Date | null } = {
    task: null,
    thread_day: tomorrow,
    user_day: tomorrow,
    installation_month: nextMonth,
    all_month: nextMonth,
  };
  return { ...used, endOf };
};
