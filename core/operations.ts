// What an operator may ask of the ledger, and what is stored of messages that were put aside.
import * as z from 'zod';
import { freezeScopeSchema } from './freeze.ts';
import { jobFactsSchema } from './job.ts';
import {
  commandSchema,
  laneSchema,
  outcomeSchema,
  repositorySchema,
  stepSchema,
  taskSchema,
  taskStatusSchema,
  threadSchema,
  triggerSchema,
  waitingReasonSchema,
} from './task.ts';

const instantSchema = z.iso.datetime();
const countSchema = z.int().nonnegative();

/** The id of a task or a dead letter, or the beginning of one. */
export const referenceSchema = z.string().regex(/^[0-9a-f]{4}[0-9a-f-]{0,32}$/);

const notFound = z.object({ kind: z.literal('not_found') });
const ambiguous = z.object({ kind: z.literal('ambiguous'), ids: z.array(z.uuid()) });

const listedTaskSchema = taskSchema.pick({ id: true, status: true, lane: true, step: true }).extend({
  waitingReason: waitingReasonSchema.nullable(),
  waitUntil: instantSchema.nullable(),
  repository: repositorySchema,
  number: z.int().positive(),
  command: commandSchema,
  createdAt: instantSchema,
  ageSeconds: countSchema,
  /** Why it waits, or why it ended as it did. */
  reason: z.string().nullable(),
});
export type ListedTask = z.infer<typeof listedTaskSchema>;

export const letterStates = ['kept', 'to_redrive', 'redriven'] as const;
const listedLetterSchema = z.object({
  id: z.uuid(),
  taskId: z.uuid().nullable(),
  queue: z.string().nullable(),
  reason: z.string(),
  recordedAt: instantSchema,
  ageSeconds: countSchema,
  state: z.enum(letterStates),
});
export type ListedLetter = z.infer<typeof listedLetterSchema>;

const runSchema = z.object({
  fence: z.int(),
  status: z.string(),
  costUsd: z.number().nullable(),
  turns: z.int().nullable(),
  durationMs: z.int().nullable(),
  startedAt: instantSchema,
  endedAt: instantSchema.nullable(),
});

const shownTaskSchema = taskSchema.extend({
  waitingReason: waitingReasonSchema.nullable(),
  waitUntil: instantSchema.nullable(),
  stopBy: z.string().nullable(),
  fence: z.int(),
  attempt: z.int(),
  leaseUntil: instantSchema.nullable(),
  createdAt: instantSchema,
  updatedAt: instantSchema,
  finishedAt: instantSchema.nullable(),
  outcome: outcomeSchema.nullable(),
  facts: jobFactsSchema,
  spentUsd: z.number(),
  reservedUsd: z.number(),
  runs: z.array(runSchema),
  deliveries: z.array(
    z.object({ id: z.string(), command: commandSchema.nullable(), receivedAt: instantSchema }),
  ),
  deadLetters: z.array(listedLetterSchema),
});
export type ShownTask = z.infer<typeof shownTaskSchema>;

const freezeSchema = z.object({
  scope: freezeScopeSchema,
  reason: z.string(),
  by: z.string(),
  at: instantSchema,
  /** Open tasks under it: those that a worker still holds, and those that nobody begins. */
  running: countSchema,
  waiting: countSchema,
});
export type Freeze = z.infer<typeof freezeSchema>;

export const operationVerbs = {
  'tasks.list': {
    input: z.object({
      which: z.enum(['open', 'all']),
      thread: z.object({ repository: repositorySchema, number: z.int().positive().optional() }).optional(),
      limit: z.int().min(1).max(500),
    }),
    output: z.object({ tasks: z.array(listedTaskSchema), more: z.boolean() }),
  },
  'tasks.show': {
    input: z.object({ ref: referenceSchema }),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('found'), task: shownTaskSchema }),
      notFound,
      ambiguous,
    ]),
  },
  /** Asks for a task once more that ended without success. What was paid for and stored is used again. */
  'tasks.retry': {
    input: z.object({ ref: referenceSchema }),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('requeued'), id: z.uuid(), step: stepSchema }),
      z.object({ kind: z.literal('not_retried'), id: z.uuid(), status: taskStatusSchema }),
      notFound,
      ambiguous,
    ]),
  },
  /** Brings back a dead task, or a dead letter that never became one. `force`: although the thread has gone on. */
  redrive: {
    input: z.object({ ref: referenceSchema, force: z.boolean() }),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('requeued'), id: z.uuid(), step: stepSchema }),
      /** Reconcile puts its body back on the inbox. */
      z.object({ kind: z.literal('to_inbox'), id: z.uuid() }),
      z.object({ kind: z.literal('already'), id: z.uuid() }),
      z.object({ kind: z.literal('not_dead'), id: z.uuid(), status: taskStatusSchema }),
      z.object({ kind: z.literal('newer_ended'), id: z.uuid(), newer: z.uuid() }),
      z.object({ kind: z.literal('unreadable'), id: z.uuid() }),
      notFound,
      ambiguous,
    ]),
  },
  /** Stored once per message; a task that is open and that nobody works on is dead from then on. */
  'dead_letters.record': {
    input: z.object({
      messageId: z.string().min(1),
      queue: z.string().nullable(),
      groupId: z.string(),
      body: z.string(),
      reason: z.string().min(1),
    }),
    output: z.discriminatedUnion('kind', [
      /** Its task runs: nothing was stored, the message has to come again. */
      z.object({ kind: z.literal('busy'), taskId: z.uuid() }),
      z.object({
        kind: z.literal('recorded'),
        id: z.uuid(),
        taskId: z.uuid().nullable(),
        /**
         * Where it is to be told, under which fence, and who had asked; null when nothing was lost, or nobody can be told.
         */
        tell: z
          .object({
            thread: threadSchema,
            fence: z.int().nonnegative(),
            ...triggerSchema.pick({ author: true, createdAt: true }).shape,
          })
          .nullable(),
        alreadyAnnounced: z.boolean(),
      }),
    ]),
  },
  'dead_letters.announced': { input: z.object({ id: z.uuid() }), output: z.null() },
  'dead_letters.list': {
    input: z.object({ which: z.enum(['kept', 'all']), limit: z.int().min(1).max(500) }),
    output: z.object({ letters: z.array(listedLetterSchema), more: z.boolean() }),
  },
  /** Letters without a task that an operator wants back on the inbox. */
  'dead_letters.to_redrive': {
    input: z.object({ limit: z.int().min(1).max(5) }), // an answer has room for 6 MB, a message for 1
    output: z.array(z.object({ id: z.uuid(), groupId: z.string(), body: z.string() })),
  },
  'dead_letters.redriven': { input: z.object({ id: z.uuid() }), output: z.null() },
  /** Stops a scope; `created` is false when it was stopped before, and that freeze stays as it is. */
  'freezes.add': {
    input: z.object({ scope: freezeScopeSchema, reason: z.string().min(1), by: z.string().min(1) }),
    output: freezeSchema.extend({ created: z.boolean() }),
  },
  'freezes.thaw': {
    input: z.object({ scope: freezeScopeSchema }),
    output: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('thawed'), requeued: countSchema }),
      z.object({ kind: z.literal('not_frozen') }),
    ]),
  },
  'freezes.list': { input: z.object({}), output: z.array(freezeSchema) },
  'house.status': {
    input: z.object({}),
    output: z.object({
      /** Open tasks, and those that ended within a day. */
      tasks: z.array(
        z.object({
          status: taskStatusSchema,
          waitingReason: waitingReasonSchema.nullable(),
          count: countSchema,
        }),
      ),
      lanes: z.array(z.object({ lane: laneSchema, open: countSchema })),
      workers: z.object({ beating: countSchema, launching: countSchema, busy: countSchema }),
      deadLetters: countSchema,
      freezes: countSchema,
    }),
  },
} as const;
