// What a job has learnt on its way through the steps: enough for another worker to go on without repeating an effect.
import * as z from 'zod';
import { failureClassSchema } from './failure.ts';
import { carriedOutSchema } from './intents.ts';
import type { WaitingReason } from './task.ts';
import { outcomeSchema, repositorySchema, runReportSchema, taskSchema } from './task.ts';

/** A run that was interrupted, in the bucket: another worker goes on from it and pays for nothing twice. */
export const checkpointSchema = z.object({
  sessionId: z.uuid(),
  transcriptKey: z.string().nullable(),
  /** The working tree against the base; null when nothing had changed. */
  patchKey: z.string().nullable(),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;

export const jobFactsSchema = z.object({
  /** Our one comment on the thread. */
  commentId: z.string().optional(),
  repository: repositorySchema.optional(),
  baseBranch: z.string().optional(),
  baseSha: z.string().optional(),
  /** On an open pull request: its own branch and commit, where the work starts from; the base is only trusted. */
  head: z.object({ branch: z.string(), sha: z.string(), isFork: z.boolean() }).optional(),
  sessionId: z.uuid().optional(),
  /** The session's transcript after the run; null when there was none to read. */
  transcriptKey: z.string().nullable().optional(),
  checkpoint: checkpointSchema.optional(),
  /** How often the work was begun from nothing; the stored run of an earlier beginning does not count. */
  beginnings: z.int().positive().optional(),
  /** How often a run failed in each class that may get another try. */
  failures: z.partialRecord(failureClassSchema, z.int().positive()).optional(),
  /** The run's patch in the bucket; null when the agent changed nothing. */
  patchKey: z.string().nullable().optional(),
  report: runReportSchema.optional(),
  branch: z.string().optional(),
  commitSha: z.string().optional(),
  /** The commit keeps the CI away until a person releases it. */
  isCiHeld: z.boolean().optional(),
  pullRequest: z.object({ number: z.int().positive(), url: z.url() }).optional(),
  /** What came of the report's intents, once they have been looked at. */
  carriedOut: carriedOutSchema.optional(),
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
  /** Somebody asked that it stop. */
  stopBy: z.string().nullable(),
});
export type Job = z.infer<typeof jobSchema>;

/** What a worker gets when it asks for a thread's oldest open task. */
export type Claim =
  | { kind: 'claimed'; job: Job }
  | { kind: 'leased'; until: Date }
  /** The thread's oldest task cannot run now; whoever ends the reason rings again. */
  | { kind: 'waiting'; reason: WaitingReason }
  | { kind: 'nothing_open' };

/** The answer to a holder that asks whether it may go on. */
export type Hold = { kind: 'held' | 'lost' | 'frozen' } | { kind: 'stop'; by: string };

/** Lease on database time; it always ends before the message's visibility (120 s). */
export const leaseMs = 90_000;
export const leaseRenewEveryMs = 30_000;
export const visibilitySeconds = 120;
export const visibilityBeatEveryMs = 40_000;
