import { and, desc, inArray, sql } from 'drizzle-orm';
import type { LedgerInput, LedgerOutput } from '#core/ledger.ts';
import type { Outcome } from '#core/task.ts';
import { openStatuses } from '#core/task.ts';
import type { Queries } from './database.ts';
import { tasks } from './schema.ts';
import type { TaskRow } from './task-row.ts';

type Input = LedgerInput<'tasks.list'>;

/** The newest first. */
export const listTasks = async (db: Queries, input: Input): Promise<LedgerOutput<'tasks.list'>> => {
  const { which, thread, limit } = input;
  const rows = await db
    .select({ task: tasks, ageSeconds: sql<number>`extract(epoch from now() - ${tasks.createdAt})::int` })
    .from(tasks)
    .where(and(which === 'open' ? inArray(tasks.status, [...openStatuses]) : undefined, onThread(thread)))
    .orderBy(desc(tasks.seq))
    .limit(limit + 1);
  const listed = rows.slice(0, limit).map(({ task, ageSeconds }) => toListed(task, ageSeconds));
  return { tasks: listed, more: rows.length > limit };
};

const onThread = (thread: Input['thread']) =>
  thread &&
  and(
    sql`lower(${tasks.thread}->>'repository') = ${thread.repository.toLowerCase()}`,
    thread.number === undefined ? undefined : sql`(${tasks.thread}->>'number')::int = ${thread.number}`,
  );

const toListed = (row: TaskRow, ageSeconds: number) => ({
  id: row.id,
  status: row.status,
  waitingReason: row.waitingReason,
  waitUntil: row.waitUntil?.toISOString() ?? null,
  lane: row.lane,
  step: row.step,
  repository: row.thread.repository,
  number: row.thread.number,
  command: row.request.command,
  createdAt: row.createdAt.toISOString(),
  ageSeconds,
  reason: row.waitingReason ?? (row.outcome && reasonOf(row.outcome)),
});

const reasonOf = (outcome: Outcome): string | null => {
  switch (outcome.status) {
    case 'failed':
    case 'dead':
      return outcome.reason;
    case 'cancelled':
      return `by ${outcome.by}`;
    case 'timed_out':
      return `after ${Math.round(outcome.afterMs / 60_000)} min`;
    case 'succeeded':
      return outcome.result.kind === 'pull_request' ? `pull request ${outcome.result.number}` : 'answer';
    case 'expired':
      return null;
  }
};
