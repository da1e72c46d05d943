// The tables. Change them here, run `npm run db:generate`, commit both.
import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  date,
  index,
  integer,
  numeric,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { jobFactsSchema } from '#core/job.ts';
import { refusals } from '#core/ledger.ts';
import { capacities } from '#core/ports/launcher.ts';
import {
  commands,
  finalStatuses,
  installationStatuses,
  lanes,
  openStatuses,
  outcomeSchema,
  platforms,
  requestSchema,
  steps,
  taskStatuses,
  threadSchema,
  triggerSchema,
  waitingReasons,
} from '#core/task.ts';
import { instant, jsonOf, oneOf } from './columns.ts';

/** Tenants that let us in. Their tokens are minted or lie in Secrets Manager, never here. */
export const installations = pgTable(
  'installations',
  {
    platform: text('platform', { enum: platforms }).notNull(),
    tenantId: text('tenant_id').notNull(),
    account: text('account').notNull(),
    status: text('status', { enum: installationStatuses }).notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.platform, table.tenantId] }),
    check('installations_platform', oneOf(table.platform, platforms)),
    check('installations_status', oneOf(table.status, installationStatuses)),
  ],
);

/** One thing asked for in a thread. `seq` is the order in which the thread's tasks are done. */
export const tasks = pgTable(
  'tasks',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    seq: bigint('seq', { mode: 'number' }).generatedAlwaysAsIdentity().notNull().unique(),
    platform: text('platform', { enum: platforms }).notNull(),
    triggerKey: text('trigger_key').notNull(),
    threadKey: text('thread_key').notNull(),
    thread: jsonOf(threadSchema)('thread').notNull(),
    trigger: jsonOf(triggerSchema)('trigger').notNull(),
    request: jsonOf(requestSchema)('request').notNull(),
    lane: text('lane', { enum: lanes }).notNull(),
    status: text('status', { enum: taskStatuses }).notNull().default('queued'),
    waitingReason: text('waiting_reason', { enum: waitingReasons }),
    /** When the wait ends by itself; without it somebody has to end it. */
    waitUntil: instant('wait_until'),
    /** Who asked that it stop; the worker that holds it, or the next one, ends it. */
    stopBy: text('stop_by'),
    step: text('step', { enum: steps }).notNull().default('received'),
    facts: jsonOf(jobFactsSchema)('facts').notNull().default({}),
    fence: bigint('fence', { mode: 'number' }).notNull().default(0),
    attempt: integer('attempt').notNull().default(0),
    generation: integer('generation').notNull().default(0),
    /** When the thread was last rung for it; null while that is still owed. */
    rungAt: instant('rung_at').defaultNow(),
    /** Triage writes the first comment until then, so no worker may begin. */
    greetingUntil: instant('greeting_until'),
    leaseOwner: uuid('lease_owner'),
    leaseUntil: instant('lease_until'),
    outcome: jsonOf(outcomeSchema)('outcome'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    finishedAt: instant('finished_at'),
  },
  (table) => [
    unique('tasks_trigger').on(table.platform, table.triggerKey),
    index('tasks_open').on(table.threadKey, table.seq).where(oneOf(table.status, openStatuses)),
    index('tasks_lease')
      .on(table.leaseOwner)
      .where(sql`${table.leaseOwner} is not null`),
    check('tasks_platform', oneOf(table.platform, platforms)),
    check('tasks_lane', oneOf(table.lane, lanes)),
    check('tasks_status', oneOf(table.status, taskStatuses)),
    check('tasks_step', oneOf(table.step, steps)),
    check('tasks_waiting', sql`(${table.status} = 'waiting') = (${table.waitingReason} is not null)`),
    check('tasks_waiting_reason', oneOf(table.waitingReason, waitingReasons)),
    check('tasks_wait_until', sql`${table.waitUntil} is null or ${table.status} = 'waiting'`),
    check('tasks_lease_owner', sql`(${table.status} = 'running') = (${table.leaseOwner} is not null)`),
    check('tasks_lease_until', sql`(${table.leaseOwner} is null) = (${table.leaseUntil} is null)`),
    check('tasks_finished', sql`(${oneOf(table.status, finalStatuses)}) = (${table.finishedAt} is not null)`),
    check('tasks_outcome', sql`(${table.outcome} is null) = (${table.finishedAt} is null)`),
    check('tasks_outcome_status', sql`${table.outcome}->>'status' = ${table.status}`),
  ],
);

/** Requests that the door let in, for ever: SQS forgets them after five minutes. */
export const deliveries = pgTable(
  'deliveries',
  {
    platform: text('platform', { enum: platforms }).notNull(),
    id: text('id').notNull(),
    bodySha256: text('body_sha256').notNull(),
    threadKey: text('thread_key').notNull(),
    triggerKey: text('trigger_key').notNull(),
    command: text('command', { enum: commands }),
    taskId: uuid('task_id').references(() => tasks.id),
    refusal: text('refusal', { enum: refusals }),
    receivedAt: instant('received_at').notNull(),
    recordedAt: instant('recorded_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.platform, table.id] }),
    unique('deliveries_body').on(table.platform, table.bodySha256),
    index('deliveries_task').on(table.taskId),
    check('deliveries_platform', oneOf(table.platform, platforms)),
    check('deliveries_refusal', oneOf(table.refusal, refusals)),
    check('deliveries_result', sql`(${table.taskId} is null) <> (${table.refusal} is null)`),
  ],
);

export const runStatuses = ['running', 'succeeded', 'failed', 'cancelled', 'timed_out'] as const;

/** Attempts of the agent at a task, at most one per fence; what they used is the gateway's count. */
export const runs = pgTable(
  'runs',
  {
    taskId: uuid('task_id')
      .notNull()
      .references(() => tasks.id),
    fence: bigint('fence', { mode: 'number' }).notNull(),
    sessionId: uuid('session_id').notNull(),
    status: text('status', { enum: runStatuses }).notNull().default('running'),
    inputTokens: bigint('input_tokens', { mode: 'number' }),
    outputTokens: bigint('output_tokens', { mode: 'number' }),
    cacheReadTokens: bigint('cache_read_tokens', { mode: 'number' }),
    cacheWriteTokens: bigint('cache_write_tokens', { mode: 'number' }),
    costUsd: numeric('cost_usd', { precision: 14, scale: 6, mode: 'number' }),
    requests: integer('requests'),
    turns: integer('turns'),
    durationMs: bigint('duration_ms', { mode: 'number' }),
    startedAt: instant('started_at').notNull().defaultNow(),
    endedAt: instant('ended_at'),
  },
  (table) => [
    primaryKey({ columns: [table.taskId, table.fence] }),
    check('runs_status', oneOf(table.status, runStatuses)),
    check('runs_ended', sql`(${table.status} = 'running') = (${table.endedAt} is null)`),
    check(
      'runs_counted',
      sql`num_nulls(${table.inputTokens}, ${table.outputTokens}, ${table.cacheReadTokens}, ${table.cacheWriteTokens}, ${table.costUsd}, ${table.requests}, ${table.turns}, ${table.durationMs}) = case when ${table.endedAt} is null then 8 else 0 end`,
    ),
  ],
);

/** The agent's memory of a thread. */
export const sessions = pgTable('sessions', {
  threadKey: text('thread_key').primaryKey(),
  sessionId: uuid('session_id').notNull(),
  transcriptKey: text('transcript_key'),
  updatedAt: instant('updated_at').notNull().defaultNow(),
});

const spendStates = ['reserved', 'settled'] as const;

/** Money per run, by who asked for it. */
export const spend = pgTable(
  'spend',
  {
    taskId: uuid('task_id')
      .notNull()
      .references(() => tasks.id),
    fence: bigint('fence', { mode: 'number' }).notNull(),
    threadKey: text('thread_key').notNull(),
    platform: text('platform', { enum: platforms }).notNull(),
    tenantId: text('tenant_id').notNull(),
    authorId: text('author_id').notNull(),
    day: date('day').notNull(),
    /** What is known to be spent, told after every answer of the model. */
    usd: numeric('usd', { precision: 14, scale: 6, mode: 'number' }).notNull(),
    /** What the run may spend at most; 0 once it is settled. */
    reservedUsd: numeric('reserved_usd', { precision: 14, scale: 6, mode: 'number' }).notNull().default(0),
    state: text('state', { enum: spendStates }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.taskId, table.fence] }),
    index('spend_thread').on(table.threadKey),
    index('spend_day').on(table.platform, table.tenantId, table.day),
    check('spend_platform', oneOf(table.platform, platforms)),
    check('spend_state', oneOf(table.state, spendStates)),
    index('spend_open')
      .on(table.taskId)
      .where(sql`${table.state} = 'reserved'`),
    check('spend_usd', sql`${table.usd} >= 0 and ${table.reservedUsd} >= 0`),
    check('spend_reserved', sql`${table.state} = 'reserved' or ${table.reservedUsd} = 0`),
  ],
);

/** Workers that were asked for, from the decision to launch until they ended. */
export const workers = pgTable(
  'workers',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    seq: bigint('seq', { mode: 'number' }).generatedAlwaysAsIdentity().notNull().unique(),
    laneOrder: text('lane_order', { enum: lanes }).array().notNull(),
    launchedAt: instant('launched_at').notNull().defaultNow(),
    capacity: text('capacity', { enum: capacities }).notNull().default('on_demand'),
    taskArn: text('task_arn'),
    /** When it was told to stop because it had not been heard of; much later it is ended. */
    stopAskedAt: instant('stop_asked_at'),
    heartbeatAt: instant('heartbeat_at'),
    endedAt: instant('ended_at'),
    endReason: text('end_reason'),
  },
  (table) => [
    index('workers_living')
      .on(table.launchedAt)
      .where(sql`${table.endedAt} is null`),
    check(
      'workers_lane_order',
      sql`cardinality(${table.laneOrder}) > 0 and ${table.laneOrder} <@ ${sql.raw(`array['${lanes.join("', '")}']`)}`,
    ),
    check('workers_capacity', oneOf(table.capacity, capacities)),
    check('workers_ended', sql`(${table.endedAt} is null) = (${table.endReason} is null)`),
  ],
);

/** What an operator has stopped: an installation, a repository or everything (core/freeze.ts). Thawed rows stay as a record. */
export const freezes = pgTable(
  'freezes',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    scope: text('scope').notNull(),
    reason: text('reason').notNull(),
    frozenBy: text('frozen_by').notNull(),
    frozenAt: instant('frozen_at').notNull().defaultNow(),
    thawedAt: instant('thawed_at'),
  },
  (table) => [
    uniqueIndex('freezes_active')
      .on(table.scope)
      .where(sql`${table.thawedAt} is null`),
  ],
);

/** Messages that were put aside, with their body: the queue forgets them once they are read. */
export const deadLetters = pgTable(
  'dead_letters',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    /** SQS's own: stays the same when the message is moved or read again. */
    messageId: text('message_id').notNull().unique(),
    /** The queue that it was put aside from; null when its sender did not say. */
    queue: text('queue'),
    groupId: text('group_id').notNull(),
    body: text('body').notNull(),
    reason: text('reason').notNull(),
    taskId: uuid('task_id').references(() => tasks.id),
    recordedAt: instant('recorded_at').notNull().defaultNow(),
    announcedAt: instant('announced_at'),
    redrivenAt: instant('redriven_at'),
  },
  (table) => [index('dead_letters_task').on(table.taskId)],
);
