import { and, asc, eq, inArray, isNotNull, or, sql } from 'drizzle-orm';
import { laneOf } from '#core/lane.ts';
import type { LedgerInput, LedgerOutput } from '#core/ledger.ts';
import type { Lane } from '#core/task.ts';
import { openStatuses } from '#core/task.ts';
import { threadKey } from '#core/thread-key.ts';
import type { Queries } from './database.ts';
import { holdsThread } from './heads.ts';
import { lockThread } from './locks.ts';
import { deliveries, tasks } from './schema.ts';
import { stopThread } from './stop-thread.ts';

type Input = LedgerInput<'tasks.record'>;
type Recorded = LedgerOutput<'tasks.record'>;

/**
 * Inside one transaction. The thread's lock makes repeats of one request wait for each other, so the later one finds
 * what the first one left; the unique keys stand behind it.
 */
export const recordTask = async (tx: Queries, input: Input): Promise<Recorded> => {
  const key = threadKey(input.thread);
  await lockThread(tx, key);
  const before = (await findByDelivery(tx, input)) ?? (await findByTrigger(tx, input));
  const { outcome, ...task } = before ?? (await createTask(tx, input, key));
  await keepDelivery(tx, input, task);
  const answer = input.request.command === 'stop' && outcome?.status === 'succeeded' ? outcome.summary : null;
  return { ...task, created: before === undefined, greet: await greetingOf(tx, task), answer };
};

const columns = {
  id: tasks.id,
  threadKey: tasks.threadKey,
  lane: tasks.lane,
  generation: tasks.generation,
  status: tasks.status,
  outcome: tasks.outcome,
};

/** Longer than triage runs: what it has begun to write by then is there, or never will be. */
const greetingLasts = sql`interval '60 seconds'`;

/** How many tasks are before one that nobody has begun or told of; it is not to be begun while somebody tells. */
const greetingOf = async (tx: Queries, { id }: { id: string }): Promise<Recorded['greet']> => {
  const { rows } = await tx.execute<{ ahead: number }>(sql`
    with task as (
      select id, seq, thread_key from ${tasks}
      where id = ${id} and status = 'queued' and attempt = 0 and not facts ? 'commentId'
    ), before as (
      select task.id, count(*)::int as ahead from task join ${tasks} on ${tasks.threadKey} = task.thread_key
      where ${holdsThread} and ${tasks.seq} < task.seq group by task.id
    )
    update ${tasks} as greeted set greeting_until = now() + ${greetingLasts}
    from before where greeted.id = before.id returning before.ahead`);
  const [greeted] = rows;
  return greeted ? { ahead: greeted.ahead } : null;
};

const findByDelivery = async (tx: Queries, { delivery }: Input) => {
  const [found] = await tx
    .select(columns)
    .from(deliveries)
    .innerJoin(tasks, eq(tasks.id, deliveries.taskId))
    .where(
      and(
        eq(deliveries.platform, delivery.platform),
        or(eq(deliveries.id, delivery.id), eq(deliveries.bodySha256, delivery.bodySha256)),
        isNotNull(deliveries.taskId),
      ),
    )
    .orderBy(asc(tasks.seq))
    .limit(1);
  return found;
};

const findByTrigger = async (tx: Queries, { delivery, trigger }: Input) => {
  const [found] = await tx
    .select(columns)
    .from(tasks)
    .where(and(eq(tasks.platform, delivery.platform), eq(tasks.triggerKey, trigger.key)));
  return found;
};

const createTask = async (tx: Queries, input: Input, key: string) => {
  const { thread, trigger, request } = input;
  const ended =
    request.command === 'stop' ? await stopThread(tx, { threadKey: key, by: trigger.author.login }) : {};
  const lane = (await laneOfThread(tx, key)) ?? laneOf(request.command);
  const [created] = await tx
    .insert(tasks)
    .values({
      platform: thread.platform,
      triggerKey: trigger.key,
      threadKey: key,
      thread,
      trigger,
      request,
      lane,
      ...ended,
    })
    .returning(columns);
  if (!created) throw new Error('the insert of a task gave no row');
  return created;
};

const laneOfThread = async (tx: Queries, key: string): Promise<Lane | undefined> => {
  const [first] = await tx
    .select({ lane: tasks.lane })
    .from(tasks)
    .where(and(eq(tasks.threadKey, key), inArray(tasks.status, [...openStatuses])))
    .orderBy(asc(tasks.seq))
    .limit(1);
  return first?.lane;
};

/** A delivery that had been refused and is sent again after the reason went away has its task now. */
const keepDelivery = async (
  tx: Queries,
  { delivery, trigger, request }: Input,
  task: { id: string; threadKey: string },
) => {
  const values = {
    ...delivery,
    receivedAt: new Date(delivery.receivedAt),
    threadKey: task.threadKey,
    triggerKey: trigger.key,
    command: request.command,
    taskId: task.id,
  };
  const { rowCount } = await tx.insert(deliveries).values(values).onConflictDoNothing();
  if (rowCount === 1) return;
  await tx
    .update(deliveries)
    .set({ taskId: task.id, refusal: null })
    .where(
      and(
        eq(deliveries.platform, delivery.platform),
        or(eq(deliveries.id, delivery.id), eq(deliveries.bodySha256, delivery.bodySha256)),
        isNotNull(deliveries.refusal),
      ),
    );
};
