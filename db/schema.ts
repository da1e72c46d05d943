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
  uuid,
} from 'drizzle-orm/pg-core';
import { jobFactsSchema } from '#core/job.ts';
import { refusals } from '#core/ledger.ts';
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
    waitingReason: text('waiting_reason'),
    step: text('step', { enum: steps }).notNull().default('received'),
    facts: jsonOf(jobFactsSchema)('facts').notNull().default({}),
    fence: bigint('fence', { mode: 'number' }).notNull().default(0),
    attempt: integer('attempt').notNull().default(0),
    generation: integer('generation').notNull().default(0),
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
    usd: numeric('usd', { precision: 14, scale: 6, mode: 'number' }).notNull(),
    state: text('state', { enum: spendStates }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.taskId, table.fence] }),
    index('spend_thread').on(table.threadKey),
    index('spend_day').on(table.platform, table.tenantId, table.day),
    check('spend_platform', oneOf(table.platform, platforms)),
    check('spend_state', oneOf(table.state, spendStates)),
    check('spend_usd', sql`${table.usd} >= 0`),
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
    taskArn: text('task_arn'),
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
    check('workers_ended', sql`(${table.endedAt} is null) = (${table.endReason} is null)`),
  ],
);
