// What an operator looks at, and what an operator sets going again.
import { finalStatuses } from '#core/task.ts';
import type { LedgerInput, LedgerOutput } from '#core/ledger.ts';
import type { Database, Queries } from './database.ts';
import { beginsWith, only } from './find-by-reference.ts';
import { houseStatus } from './house-status.ts';
import { listTasks } from './list-tasks.ts';
import { named } from './named.ts';
import { redrive } from './redrive.ts';
import { retryTask } from './retry-task.ts';
import { tasks } from './schema.ts';
import { showTask } from './show-task.ts';

export type Operations = ReturnType<typeof createOperations>;

export const createOperations = (db: Database) =>
  named('operations', {
    list: (input: LedgerInput<'tasks.list'>): Promise<LedgerOutput<'tasks.list'>> => listTasks(db, input),
    show: (input: LedgerInput<'tasks.show'>): Promise<LedgerOutput<'tasks.show'>> => showTask(db, input),
    retry: (input: LedgerInput<'tasks.retry'>): Promise<LedgerOutput<'tasks.retry'>> =>
      db.transaction((tx) => retry(tx, input)),
    redrive: (input: LedgerInput<'redrive'>): Promise<LedgerOutput<'redrive'>> =>
      db.transaction((tx) => redrive(tx, input)),
    status: (): Promise<LedgerOutput<'house.status'>> => houseStatus(db),
  });

const retry = async (
  tx: Queries,
  { ref }: LedgerInput<'tasks.retry'>,
): Promise<LedgerOutput<'tasks.retry'>> => {
  const found = await tx
    .select({ id: tasks.id, threadKey: tasks.threadKey })
    .from(tasks)
    .where(beginsWith(tasks.id, ref))
    .limit(3);
  const named = only(found);
  if (named.kind !== 'one') return named;
  const retried = await retryTask(tx, named.one, withoutSuccess);
  return retried.kind === 'refused' ? { ...retried, kind: 'not_retried' } : retried;
};

const withoutSuccess = finalStatuses.filter((status) => status !== 'succeeded');
