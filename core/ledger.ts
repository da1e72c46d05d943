// The typed verbs of the ledger function: what code outside the VPC may ask of Postgres, and nothing else.
import * as z from 'zod';
import { bellSchema, ringSchema } from './messages.ts';
import { operationVerbs } from './operations.ts';
import type { Functions } from './ports/functions.ts';
import { capacities } from './ports/launcher.ts';
import {
  commandSchema,
  installationSchema,
  laneSchema,
  platformSchema,
  requestSchema,
  taskStatusSchema,
  threadSchema,
  triggerSchema,
} from './task.ts';

const deliveryKeySchema = z.object({
  platform: platformSchema,
  id: z.string(),
  bodySha256: z.string(),
  receivedAt: z.iso.datetime(),
});

export const refusals = ['no_permission', 'not_installed', 'suspended', 'repository_not_covered'] as const;
export type Refusal = (typeof refusals)[number];

/** Where a recorded task stands after the call: `created` is false when an earlier delivery had asked for it. */
const recordedTaskSchema = z.object({
  id: z.uuid(),
  threadKey: z.string(),
  lane: laneSchema,
  generation: z.int(),
  status: taskStatusSchema,
  created: z.boolean(),
  /** Tasks before it, when nobody has told the person so far: until then no worker begins it, for a minute at most. */
  greet: z.object({ ahead: z.int().positive() }).nullable(),
  /** What the ledger itself answers, for a request that needs no worker. */
  answer: z.string().nullable(),
});

const capacitySchema = z.enum(capacities);
const workerLaunchSchema = z.object({
  workerId: z.uuid(),
  laneOrder: z.array(laneSchema).nonempty(),
  capacity: capacitySchema,
});

/** A worker that has not ended. The ages are by the database's clock, which wrote the instants too. */
const livingWorkerSchema = z.object({
  workerId: z.uuid(),
  taskArn: z.string().nullable(),
  launchedMsAgo: z.number(),
  beatMsAgo: z.number().nullable(),
  stopAskedMsAgo: z.number().nullable(),
});
export type LivingWorker = z.infer<typeof livingWorkerSchema>;

const workerEndSchema = z.object({ workerId: z.uuid(), reason: z.string() });

/** verb → what it takes and what it gives; both sides parse with it. */
export const ledgerVerbs = {
  'installations.get': {
    input: installationSchema.pick({ platform: true, tenantId: true }),
    output: installationSchema.nullable(),
  },
  'installations.upsert': { input: installationSchema, output: z.null() },
  /** In one transaction: the delivery's keys, the task under its trigger key. A repeat gives the task of the first time. */
  'tasks.record': {
    input: z.object({
      delivery: deliveryKeySchema,
      thread: threadSchema,
      trigger: triggerSchema,
      request: requestSchema,
    }),
    output: recordedTaskSchema,
  },
  /** The person was told; the comment goes on as the task's own. */
  'tasks.greeted': {
    input: z.object({ taskId: z.uuid(), commentId: z.string().nullable() }),
    output: z.null(),
  },
  /** A delivery that asks for work and gets none; the reason stays readable. */
  'deliveries.refuse': {
    input: z.object({
      delivery: deliveryKeySchema,
      thread: threadSchema,
      triggerKey: z.string(),
      command: commandSchema.nullable(),
      reason: z.enum(refusals),
    }),
    output: z.null(),
  },
  /** Threads that have to be rung for; whoever has rung says so, else they are given again. */
  'bells.due': { input: z.object({ limit: z.int().positive() }), output: z.array(bellSchema) },
  'bells.rung': { input: ringSchema.pick({ taskId: true, generation: true }), output: z.null() },
  /**
   * Counts who waits and who works, and reserves a row per worker to launch, under one lock. On demand, whatever is
   * asked for, once a task was interrupted; and once more, as they were, the launches whose answer never came.
   */
  'workers.plan': {
    input: z.object({ cap: z.int().positive(), warm: z.int().nonnegative(), capacity: capacitySchema }),
    output: z.object({ wanted: z.int(), available: z.int(), launches: z.array(workerLaunchSchema) }),
  },
  'workers.launched': { input: z.object({ workerId: z.uuid(), taskArn: z.string() }), output: z.null() },
  'workers.launch_failed': { input: workerEndSchema, output: z.null() },
  'workers.living': { input: z.object({}), output: z.array(livingWorkerSchema) },
  /** The first of two steps to stop a worker, and the step back. */
  'workers.ask_stop': { input: z.object({ workerId: z.uuid() }), output: z.null() },
  'workers.spare': { input: z.object({ workerId: z.uuid() }), output: z.null() },
  /** By what ECS calls it. */
  'workers.stopped': { input: z.object({ taskArn: z.string(), reason: z.string() }), output: z.null() },
  'workers.ended': { input: workerEndSchema, output: z.null() },
  /** Unless it has been heard of; and how many launches in a row it is that never started. */
  'workers.never_started': { input: workerEndSchema, output: z.object({ inARow: z.int() }) },
  ...operationVerbs,
} as const;

export type LedgerVerb = keyof typeof ledgerVerbs;
export type LedgerInput<V extends LedgerVerb> = z.infer<(typeof ledgerVerbs)[V]['input']>;
export type LedgerOutput<V extends LedgerVerb> = z.infer<(typeof ledgerVerbs)[V]['output']>;

/** The event that the ledger function receives. */
export const ledgerCallSchema = z.object({
  verb: z.enum(Object.keys(ledgerVerbs) as [LedgerVerb, ...LedgerVerb[]]), // the keys of a non-empty constant
  input: z.unknown(),
});

export type Ledger = <V extends LedgerVerb>(verb: V, input: LedgerInput<V>) => Promise<LedgerOutput<V>>;

/** The caller's side, over lambda:InvokeFunction. */
export const createLedger =
  (functions: Functions, functionName: string): Ledger =>
  async (verb, input) => {
    const answer = await functions.call(functionName, { verb, input });
    // the schema under this verb describes this verb's output; the index type cannot say so
    return ledgerVerbs[verb].output.parse(answer) as LedgerOutput<typeof verb>;
  };
