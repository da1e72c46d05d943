import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import * as z from 'zod';
import type { LedgerInput, LedgerOutput } from '#core/ledger.ts';
import { requeued } from './bells.ts';
import { storable } from './columns.ts';
import type { Database, Queries } from './database.ts';
import { isFrozen, scopes } from './heads.ts';
import { named } from './named.ts';
import { freezeNotice, notify } from './notices.ts';
import { freezes, tasks } from './schema.ts';

export type Freezes = ReturnType<typeof createFreezes>;

export const createFreezes = (db: Database) =>
  named('freezes', {
    add: (input: LedgerInput<'freezes.add'>): Promise<LedgerOutput<'freezes.add'>> =>
      db.transaction((tx) => freeze(tx, input)),

    thaw: (input: LedgerInput<'freezes.thaw'>): Promise<LedgerOutput<'freezes.thaw'>> =>
      db.transaction((tx) => thaw(tx, input)),

    list: (): Promise<LedgerOutput<'freezes.list'>> => activeFreezes(db),
  });

const freeze = async (tx: Queries, { scope, reason, by }: LedgerInput<'freezes.add'>) => {
  const { rowCount } = await tx
    .insert(freezes)
    .values({ scope, reason: storable(reason), frozenBy: storable(by) })
    .onConflictDoNothing();
  // workers hear it at once and not only at their next beat
  await notify(tx, freezeNotice);
  const [active] = await activeFreezes(tx, scope);
  if (!active) throw new Error('the freeze is gone');
  return { ...active, created: rowCount === 1 };
};

/** A worker that heard of the freeze and steps aside only after the thaw is found by `dueBells`. */
const thaw = async (
  tx: Queries,
  { scope }: LedgerInput<'freezes.thaw'>,
): Promise<LedgerOutput<'freezes.thaw'>> => {
  const thawed = await tx
    .update(freezes)
    .set({ thawedAt: sql`now()` })
    .where(and(eq(freezes.scope, scope), isNull(freezes.thawedAt)));
  if (thawed.rowCount === 0) return { kind: 'not_frozen' };
  const { rowCount } = await tx.execute(sql`
    update ${tasks} set ${requeued}
    where status = 'waiting' and waiting_reason = 'frozen' and not ${isFrozen}`);
  return { kind: 'thawed', requeued: rowCount ?? 0 };
};

const activeFreezes = async (db: Queries, scope?: string): Promise<LedgerOutput<'freezes.list'>> => {
  const rows = await db
    .select()
    .from(freezes)
    .where(and(isNull(freezes.thawedAt), scope === undefined ? undefined : eq(freezes.scope, scope)))
    .orderBy(asc(freezes.frozenAt));
  const active = [];
  for (const { scope, reason, frozenBy: by, frozenAt } of rows)
    active.push({ scope, reason, by, at: frozenAt.toISOString(), ...(await countUnder(db, scope)) });
  return active;
};

const countsSchema = z.tuple([z.object({ running: z.int(), waiting: z.int() })]);

const countUnder = async (db: Queries, scope: string) => {
  const { rows } = await db.execute(sql`
    select count(*) filter (where status = 'running')::int as running,
           count(*) filter (where status in ('queued', 'waiting'))::int as waiting
    from ${tasks} where status in ('queued', 'running', 'waiting') and ${scope} in ${scopes}`);
  return countsSchema.parse(rows)[0];
};
