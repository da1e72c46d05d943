// What each function reads from its environment. infra gives exactly these, by the types below, so stack and code cannot drift.
// AWS_REGION and the like come from the runtime; AWS_ENDPOINT_URL_* only on a laptop.
import * as z from 'zod';
import { capacities } from '#core/ports/launcher.ts';
import type { DatabaseEnv } from '#db/env.ts';
import { databaseEnvSchema } from '#db/env.ts';

const nameSchema = z.string().min(1);

export const webhookEnvSchema = z.object({
  /** A secret of the form { "current": "...", "previous"?: "..." }. */
  WEBHOOK_SECRET_ID: nameSchema,
  INBOX_QUEUE_URL: z.url(),
  /** The word that calls the agent. */
  MENTION: z.string().regex(/^@[A-Za-z0-9-]{1,39}$/),
});
export type WebhookEnv = z.input<typeof webhookEnvSchema>;

const queueUrlsSchema = z.object({
  HIGH_QUEUE_URL: z.url(),
  NORMAL_QUEUE_URL: z.url(),
  LOW_QUEUE_URL: z.url(),
});

export const triageEnvSchema = z.object({
  /** A secret of the form { "appId": "...", "privateKey": "PEM" }. */
  GITHUB_APP_SECRET_ID: nameSchema,
  GITHUB_API_URL: z.url(),
  LEDGER_FUNCTION: nameSchema,
  RECONCILE_FUNCTION: nameSchema,
  MENTION: webhookEnvSchema.shape.MENTION,
  /** It reads what Lambda gives it; by the address it says when what failed is to come again. */
  INBOX_QUEUE_URL: z.url(),
  DEAD_LETTER_QUEUE_URL: z.url(),
  ...queueUrlsSchema.shape,
});
export type TriageEnv = z.input<typeof triageEnvSchema>;

export const deadLettersEnvSchema = triageEnvSchema.pick({
  GITHUB_APP_SECRET_ID: true,
  GITHUB_API_URL: true,
  LEDGER_FUNCTION: true,
  RECONCILE_FUNCTION: true,
});
export type DeadLettersEnv = z.input<typeof deadLettersEnvSchema>;

export const sweepEnvSchema = triageEnvSchema.pick({ GITHUB_APP_SECRET_ID: true, GITHUB_API_URL: true });
export type SweepEnv = z.input<typeof sweepEnvSchema>;

export const ledgerEnvSchema = databaseEnvSchema;
export type LedgerEnv = DatabaseEnv;

export const migrateEnvSchema = z.object({
  DATABASE_HOST: nameSchema,
  DATABASE_PORT: z.coerce.number<string>().int(),
  DATABASE_NAME: nameSchema,
  /** The master's { username, password }: no superuser, as on RDS. */
  MASTER_SECRET_ID: nameSchema,
  /** The role of ledger and worker: it gets grants only. */
  APP_USER: nameSchema,
  DATABASE_AUTH: z.enum(['iam', 'password']),
  /** The app role's password where DATABASE_AUTH is password. */
  APP_PASSWORD: z.string().optional(),
});
export type MigrateEnv = z.input<typeof migrateEnvSchema>;

export const reconcileEnvSchema = z.object({
  LEDGER_FUNCTION: nameSchema,
  /** Dead letters that an operator brings back go there. */
  INBOX_QUEUE_URL: z.url(),
  CLUSTER_ARN: nameSchema,
  TASK_DEFINITION_ARN: nameSchema,
  CONTAINER_NAME: nameSchema,
  /** Comma-separated. */
  SUBNET_IDS: nameSchema,
  SECURITY_GROUP_IDS: nameSchema,
  WORKER_CAP: z.coerce.number<string>().int().min(1),
  WARM_WORKERS: z.coerce.number<string>().int().min(0),
  /** Spot falls back to on demand where it has no room or a task was interrupted. */
  WORKER_CAPACITY: z.enum(capacities),
  ...queueUrlsSchema.shape,
});
export type ReconcileEnv = z.input<typeof reconcileEnvSchema>;
