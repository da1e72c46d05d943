// What a job has learnt on its way through the steps: enough for another worker to go on without repeating an effect.
import * as z from 'zod';
import { outcomeSchema, repositorySchema, runReportSchema, taskSchema } from './task.ts';

export const jobFactsSchema = z.object({
  /** Our one comment on the thread. */
  commentId: z.string().optional(),
  repository: repositorySchema.optional(),
  baseBranch: z.string().optional(),
  baseSha: z.string().optional(),
  sessionId: z.uuid().optional(),
  /** The run's patch in the bucket; null when the agent changed nothing. */
  patchKey: z.string().nullable().optional(),
  report: runReportSchema.optional(),
  branch: z.string().optional(),
  commitSha: z.string().optional(),
  pullRequest: z.object({ number: z.int().positive(), url: z.url() }).optional(),
  /** How it ends, once that is known: from here on it is only told. */
  outcome: outcomeSchema.optional(),
});
export type JobFacts = z.infer<typeof jobFactsSchema>;

/** A task held by one worker: only who knows the fence may write. */
export const jobSchema = z.object({
  task: taskSchema,
  facts: jobFactsSchema,
  /** Rises with every claim; a write with an older one changes nothing. */
  fence: z.int().positive(),
  /** 1 for the first worker that holds the task. */
  attempt: z.int().positive(),
});
export type Job = z.infer<typeof jobSchema>;

/** What a worker gets when it asks for a thread's oldest open task. */
export type Claim =
  | { kind: 'claimed'; job: Job }
  | { kind: 'leased'; until: Date }
  | { kind: 'nothing_open' };

/** Lease on database time; it always ends before the message's visibility (120 s). */
export const leaseMs = 90_000;
export const leaseRenewEveryMs = 30_000;
export const visibilitySeconds = 120;
export const visibilityBeatEveryMs = 40_000;
