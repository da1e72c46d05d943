// The words of the house. Every other file takes its names from here.
import * as z from 'zod';
import { intentsSchema } from './intents.ts';

/** Where a person talks to the agent. A new platform is a folder in core/platforms, a door and a row per table. */
export const platforms = ['github'] as const;
export const platformSchema = z.enum(platforms);
export type Platform = z.infer<typeof platformSchema>;

/** A priority, not an order: order is kept inside a thread whatever its lane. */
export const lanes = ['high', 'normal', 'low'] as const;
export const laneSchema = z.enum(lanes);
export type Lane = z.infer<typeof laneSchema>;

export const commands = [
  'analyze',
  'plan',
  'fix',
  'review',
  'approve',
  'reject',
  'stop',
  'improve',
  'discover',
  'status',
  'help',
  'retry',
  'why',
  'run-ci',
  'ask',
] as const;
/** What is asked for. `ask` is a mention without a command word: the text itself is the request. */
export const commandSchema = z.enum(commands);
export type Command = z.infer<typeof commandSchema>;

/** What the person wrote after the mention, understood. */
export const requestSchema = z.object({
  command: commandSchema,
  text: z.string(),
  options: z.object({
    model: z.string().optional(),
    budgetUsd: z.number().positive().optional(),
    repository: z.string().optional(),
    base: z.string().optional(),
    draft: z.boolean().optional(),
  }),
  /** Options that were written but could not be understood, each as a sentence for the person; they stay in the text. */
  problems: z.array(z.string()).optional(),
});
export type Request = z.infer<typeof requestSchema>;

/** Ids of providers stay text: GitHub's pass 2^53. */
const idSchema = z.string().regex(/^\d{1,20}$/);
/**
 * owner/name, only in the characters GitHub allows, so that it can stand in a path and an argument. Managed users'
 * logins carry an underscore; `.` and `..` are no names.
 */
export const repositorySchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,38}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/);

/** The conversation a delivery belongs to. */
export const threadSchema = z.object({
  platform: z.literal('github'),
  /** The installation of the App that let us in. */
  tenantId: idSchema,
  repositoryId: idSchema,
  repository: repositorySchema,
  number: z.int().positive(),
  isPullRequest: z.boolean(),
});
export type Thread = z.infer<typeof threadSchema>;

/** What a thread says of itself above the comments, as the signed event had it: a later change of it does not count. */
export const subjectSchema = z.object({
  title: z.string(),
  /** Cut by the door. */
  body: z.string(),
  author: z.object({
    login: z.string(),
    /** The platform's word for what the author is to the repository: OWNER, CONTRIBUTOR, NONE. */
    role: z.string(),
  }),
});
export type Subject = z.infer<typeof subjectSchema>;

/** The comment, label or assignment that asks. A task hangs on its key, whatever delivery brought it. */
export const triggerSchema = z.object({
  /** Unique in the platform, for ever: `issue_comment:<id>`. */
  key: z.string().min(1).max(200),
  kind: z.literal('issue_comment'),
  commentId: idSchema,
  author: z.object({ id: idSchema, login: z.string().min(1).max(100) }),
  /** At most 64 KiB in UTF-8; longer text is cut by the door and ends in a mark. */
  text: z.string(),
  url: z.url(),
  createdAt: z.iso.datetime({ offset: true }),
  subject: subjectSchema.optional(),
});
export type Trigger = z.infer<typeof triggerSchema>;

export const installationStatuses = ['active', 'suspended', 'deleted'] as const;

/** A tenant of a platform that let us in. */
export const installationSchema = z.object({
  platform: platformSchema,
  tenantId: idSchema,
  account: z.string().min(1),
  status: z.enum(installationStatuses),
});
export type Installation = z.infer<typeof installationSchema>;

/** Where a job stands. Each step is stored before the next begins, so a new worker goes on from it. */
export const steps = ['received', 'cloned', 'ran', 'pushed', 'opened', 'reported', 'done'] as const;
export const stepSchema = z.enum(steps);
export type Step = z.infer<typeof stepSchema>;

export const taskStatuses = [
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'cancelled',
  'timed_out',
  'expired',
  'dead',
] as const;
export const taskStatusSchema = z.enum(taskStatuses);
export type TaskStatus = z.infer<typeof taskStatusSchema>;
/** States that are not final: a thread with a task in one of these is still somebody's business. */
export const openStatuses = ['queued', 'running', 'waiting'] as const satisfies readonly TaskStatus[];
/** States that nothing leaves by itself; an operator may ask for a task once more (`retry`, `redrive`). */
export const finalStatuses = [
  'succeeded',
  'failed',
  'cancelled',
  'timed_out',
  'expired',
  'dead',
] as const satisfies readonly TaskStatus[];

/**
 * Why an open task cannot run now. Only `approval` lets the tasks behind it pass, because the answer comes as one of
 * them; everything else holds the thread, so its order stays.
 */
export const waitingReasons = ['approval', 'frozen', 'over_budget', 'model_away', 'newer_schema'] as const;
export const waitingReasonSchema = z.enum(waitingReasons);
export type WaitingReason = z.infer<typeof waitingReasonSchema>;

/** One thing asked for in a thread. */
export const taskSchema = z.object({
  id: z.uuid(),
  threadKey: z.string(),
  thread: threadSchema,
  trigger: triggerSchema,
  request: requestSchema,
  lane: laneSchema,
  status: taskStatusSchema,
  step: stepSchema,
  /** Rises each time the thread is rung for this task: a new SQS deduplication id. */
  generation: z.int().nonnegative(),
});
export type Task = z.infer<typeof taskSchema>;

export const failureReasons = [
  'nothing_done',
  'agent_error',
  'model_error',
  'over_budget',
  'patch_refused',
  'bad_base',
  'bad_model',
  'thread_gone',
  'bad_policy',
  'ci_not_released',
  'uninstalled',
  'out_of_memory',
  'disk_full',
  'internal',
] as const;
export type FailureReason = (typeof failureReasons)[number];

/** How a task ended. */
export const outcomeSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('succeeded'),
    result: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('pull_request'),
        url: z.url(),
        number: z.int().positive(),
        branch: z.string(),
      }),
      z.object({ kind: z.literal('answer') }),
    ]),
    summary: z.string(),
  }),
  z.object({
    status: z.literal('failed'),
    reason: z.enum(failureReasons),
    detail: z.string(),
    /** What was done before it failed, for people to go on from. */
    draft: z
      .object({ url: z.url(), number: z.int().positive(), branch: z.string(), summary: z.string() })
      .optional(),
  }),
  z.object({ status: z.literal('cancelled'), by: z.string() }),
  z.object({ status: z.literal('timed_out'), afterMs: z.int().nonnegative() }),
  z.object({ status: z.literal('expired') }),
  /** Its messages were put aside; `redrive` brings it back. */
  z.object({ status: z.literal('dead'), reason: z.string() }),
]);
export type Outcome = z.infer<typeof outcomeSchema>;

/** What one run of the agent used. Money and tokens are the gateway's count, not the agent's claim. */
export const usageSchema = z.object({
  inputTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  cacheReadTokens: z.int().nonnegative(),
  cacheWriteTokens: z.int().nonnegative(),
  costUsd: z.number().nonnegative(),
  requests: z.int().nonnegative(),
});
export type Usage = z.infer<typeof usageSchema>;

/** A command of the repository's setup that did not do its work; the agent had to do without. */
const setupFailureSchema = z.object({
  command: z.string(),
  /** In a person's words: `it ended with 1`. */
  what: z.string(),
  /** The end of what it said. */
  output: z.string(),
});
export type SetupFailure = z.infer<typeof setupFailureSchema>;

/** A command of the policy's `verify`, run on the finished change: information, because the change holds its own tests. */
export const checkSchema = z.object({
  command: z.string(),
  status: z.enum(['passed', 'failed', 'timed_out', 'not_run']),
  durationMs: z.int().nonnegative(),
  /** Its last lines where it did not pass, as it wrote them: data. */
  tail: z.string(),
});
export type Check = z.infer<typeof checkSchema>;

/** What is left of one attempt of the agent at a task. */
export const runReportSchema = z.object({
  usage: usageSchema,
  turns: z.int().nonnegative(),
  durationMs: z.int().nonnegative(),
  /** The agent's last words, as it wrote them: data, never instructions. */
  answer: z.string(),
  /** Why its change is only a part of the work. */
  unfinished: z.literal('over_budget').optional(),
  setupFailure: setupFailureSchema.optional(),
  checks: z.array(checkSchema).optional(),
  /** What the agent would like to be done beside its change, checked by schema. */
  intents: intentsSchema.optional(),
  /** What of it was left out when it was read, in a sentence each. */
  intentProblems: z.array(z.string()).optional(),
});
export type RunReport = z.infer<typeof runReportSchema>;
