import { sql } from 'drizzle-orm';
import * as z from 'zod';
import type { LedgerOutput } from '#core/ledger.ts';
import { ledgerVerbs } from '#core/ledger.ts';
import type { Queries } from './database.ts';
import { deadLetters, freezes, tasks, workers } from './schema.ts';

const verb = ledgerVerbs['house.status'].output.shape;
const countsSchema = z.tuple([
  z.object({ ...verb.workers.shape, deadLetters: verb.deadLetters, freezes: verb.freezes }),
]);

/** How the house is, in numbers. */
export const houseStatus = async (db: Queries): Promise<LedgerOutput<'house.status'>> => {
  const byStatus = await db.execute(sql`
    select status, waiting_reason as "waitingReason", count(*)::int as count from ${tasks}
    where finished_at is null or finished_at > now() - interval '1 day'
    group by status, waiting_reason order by status, waiting_reason`);
  const byLane = await db.execute(sql`
    select lane, count(*)::int as open from ${tasks} where finished_at is null group by lane order by lane`);
  const { rows } = await db.execute(sql`
    select count(*) filter (where is_beating)::int as beating,
           count(*) filter (where heartbeat_at is null and launched_at > now() - interval '3 minutes')::int as launching,
           count(*) filter (where is_beating and exists (
             select from ${tasks} where lease_owner = worker.id and lease_until > now()))::int as busy,
           (select count(*)::int from ${deadLetters} where redriven_at is null) as "deadLetters",
           (select count(*)::int from ${freezes} where thawed_at is null) as freezes
    from (select *, coalesce(heartbeat_at > now() - interval '2 minutes', false) as is_beating
          from ${workers} where ended_at is null) as worker`);
  const { deadLetters: letters, freezes: frozen, ...working } = countsSchema.parse(rows)[0];
  return {
    tasks: verb.tasks.parse(byStatus.rows),
    lanes: verb.lanes.parse(byLane.rows),
    workers: working,
    deadLetters: letters,
    freezes: frozen,
  };
};
