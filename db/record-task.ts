import { and, asc, eq, inArray, isNotNull, or } from 'drizzle-orm';
import { laneOf } from '#core/lane.ts';
import type { LedgerInput, LedgerOutput } from '#core/ledger.ts';
import type { Lane } from '#core/task.ts';
import { openStatuses } from '#core/task.ts';
import { threadKey } from '#core/thread-key.ts';
import type { Queries } from './database.ts';
import { lockThread } from './locks.ts';
import { deliveries, tasks } from './schema.ts';

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
  const task = before ?? (await createTask(tx, input, key));
  await keepDelivery(tx, input, task);
  return { ...task, created: before === undefined };
};

const columns = {
  id: tasks.id,
  threadKey: tasks.threadKey,
  lane: tasks.lane,
  generation: tasks.generation,
  status: tasks.status,
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

const createTask = async (tx: Queries, { thread, trigger, request }: Input, key: string) => {
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
