import type { SQL } from 'drizzle-orm';
import { and, eq, sql } from 'drizzle-orm';
import * as z from 'zod';
import type { Claim, Hold, JobFacts } from '#core/job.ts';
import type { LedgerInput, LedgerOutput } from '#core/ledger.ts';
import type { Outcome, Step, Task, WaitingReason } from '#core/task.ts';
import type { Bell } from './bells.ts';
import { nextBell, requeued } from './bells.ts';
import type { ClaimInput } from './claim-task.ts';
import { claimTask, leaseEnd } from './claim-task.ts';
import { toJson } from './columns.ts';
import type { Database } from './database.ts';
import { isFrozen, isLeased, readyHeads } from './heads.ts';
import { named } from './named.ts';
import { recordTask } from './record-task.ts';
import { tasks } from './schema.ts';
import { toTask } from './task-row.ts';

export type Tasks = ReturnType<typeof createTasks>;

/** What a worker holds: with an older fence than the row's, nothing is written and the answer is false. */
export type Held = { taskId: string; fence: number };
export type StoredTask = {
  task: Task;
  facts: JobFacts;
  fence: number;
  attempt: number;
  waitingReason: WaitingReason | null;
  outcome: Outcome | null;
};

export const createTasks = (db: Database) =>
  named('tasks', {
    record: (input: LedgerInput<'tasks.record'>): Promise<LedgerOutput<'tasks.record'>> =>
      db.transaction((tx) => recordTask(tx, input)),

    greeted: (input: LedgerInput<'tasks.greeted'>): Promise<void> => endGreeting(db, input),

    claim: async (input: ClaimInput): Promise<Claim> => {
      try {
        return await db.transaction((tx) => claimTask(tx, input));
      } catch (error) {
        if (!(error instanceof z.ZodError)) throw error;
        return await leaveToNewer(db, input.threadKey);
      }
    },

    /** Also when the lease has just run out: as long as the fence stands, nobody else took the task. */
    renew: (held: Held): Promise<Hold> => renew(db, held),

    /** Stores a step that was done; the facts are added to those of the steps before it. */
    advance: ({ step, facts, ...held }: Held & { step: Step; facts: JobFacts }): Promise<boolean> =>
      changes(db, liveFor(held), { step, facts: sql`${tasks.facts} || ${toJson(facts)}::jsonb` }),

    /** Told twice, because the first answer got lost, it is true twice. */
    finish: async ({ outcome, ...held }: Held & { outcome: Outcome }): Promise<boolean> =>
      (await changes(db, liveFor(held), { ...endedWith(outcome), finishedAt: sql`now()` })) ||
      (await hasEnded(db, held, outcome)),

    /** Gives the task back before its end, as it stands: another worker may claim it at once. */
    release: (held: Held): Promise<boolean> => changes(db, heldBy(held), { ...released, status: 'queued' }),

    /** Steps aside until `requeue`, or until the time is over when one is given. */
    wait: ({ reason, afterMs, ...held }: Held & Wait): Promise<boolean> =>
      changes(db, heldBy(held), {
        ...released,
        status: 'waiting',
        waitingReason: reason,
        waitUntil: afterMs === undefined ? null : sql`now() + make_interval(secs => ${afterMs / 1000})`,
      }),

    /** Ends the wait of a task; false when it did not wait. */
    requeue: (taskId: string): Promise<boolean> => endWait(db, taskId),

    nextOpen: (threadKey: string): Promise<Bell | undefined> => nextBell(db, threadKey),

    get: async (taskId: string): Promise<StoredTask | undefined> => {
      const [row] = await db.select().from(tasks).where(eq(tasks.id, taskId));
      if (!row) return undefined;
      const { facts, fence, attempt, waitingReason, outcome } = row;
      return { task: toTask(row), facts, fence, attempt, waitingReason, outcome };
    },
  });

const endGreeting = async (
  db: Database,
  { taskId, commentId }: LedgerInput<'tasks.greeted'>,
): Promise<void> => {
  const facts = commentId === null ? {} : { commentId };
  await db
    .update(tasks)
    .set({ greetingUntil: null, facts: sql`${tasks.facts} || ${toJson(facts)}::jsonb` })
    .where(and(eq(tasks.id, taskId), eq(tasks.status, 'queued')));
};

const endWait = async (db: Database, taskId: string): Promise<boolean> => {
  const { rowCount } = await db.execute(
    sql`update ${tasks} set ${requeued} where ${tasks.id} = ${taskId} and ${tasks.status} = 'waiting'`,
  );
  return rowCount === 1;
};

const heldBy = ({ taskId, fence }: Held) =>
  and(eq(tasks.id, taskId), eq(tasks.fence, fence), eq(tasks.status, 'running'));

const liveFor = (held: Held) => and(heldBy(held), isLeased);

/** Given back in order: such an attempt does not count. */
const released = { leaseOwner: null, leaseUntil: null, attempt: sql`${tasks.attempt} - 1` };

/** A worker that is being replaced does not know what its successor stored: it leaves the task to the new ones. */
const leaveToNewer = async (db: Database, threadKey: string): Promise<Claim> => {
  await db.execute(sql`
    update ${tasks} set status = 'waiting', waiting_reason = 'newer_schema', lease_owner = null, lease_until = null,
      wait_until = now() + interval '2 minutes', updated_at = now()
    from (${readyHeads(threadKey)}) as head where ${tasks.id} = head.id`);
  return { kind: 'waiting', reason: 'newer_schema' };
};

const endedWith = (outcome: Outcome) =>
  ({ leaseOwner: null, leaseUntil: null, status: outcome.status, step: 'done', outcome }) as const;

const hasEnded = async (db: Database, { taskId, fence }: Held, outcome: Outcome): Promise<boolean> => {
  const { rowCount } = await db.execute(sql`
    select from ${tasks}
    where id = ${taskId} and fence = ${fence} and outcome = ${toJson(outcome)}::jsonb`);
  return rowCount === 1;
};

type Wait = { reason: WaitingReason; afterMs?: number };

const renew = async (db: Database, held: Held): Promise<Hold> => {
  const [row] = await db
    .update(tasks)
    .set({ leaseUntil: leaseEnd, updatedAt: sql`now()` })
    .where(heldBy(held))
    .returning({ stopBy: tasks.stopBy, isFrozen });
  if (!row) return { kind: 'lost' };
  if (row.isFrozen) return { kind: 'frozen' };
  return row.stopBy === null ? { kind: 'held' } : { kind: 'stop', by: row.stopBy };
};

type Change = Parameters<ReturnType<Database['update']>['set']>[0];

const changes = async (db: Database, where: SQL | undefined, change: Change): Promise<boolean> => {
  const { rowCount } = await db
    .update(tasks)
    .set({ ...change, updatedAt: sql`now()` })
    .where(where);
  return rowCount === 1;
};
