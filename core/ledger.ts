// The typed verbs of the ledger function: what code outside the VPC may ask of Postgres, and nothing else.
import * as z from 'zod';
import { operationVerbs } from './operations.ts';
import type { Functions } from './ports/functions.ts';
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
});

const workerLaunchSchema = z.object({ workerId: z.uuid(), laneOrder: z.array(laneSchema).nonempty() });

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
  /** Counts who waits and who works, and reserves a row per worker to launch, under one lock. */
  'workers.plan': {
    input: z.object({ cap: z.int().positive(), warm: z.int().nonnegative() }),
    output: z.object({ wanted: z.int(), available: z.int(), launches: z.array(workerLaunchSchema) }),
  },
  'workers.launched': { input: z.object({ workerId: z.uuid(), taskArn: z.string() }), output: z.null() },
  'workers.launch_failed': { input: z.object({ workerId: z.uuid(), reason: z.string() }), output: z.null() },
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
