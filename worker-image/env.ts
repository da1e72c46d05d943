// What the worker reads from its environment: the task definition gives all of it but WORKER_ID and LANE_ORDER, which
// come with the launch.
import * as z from 'zod';
import { isHostName, registryNames } from '#core/registries.ts';
import { laneSchema } from '#core/task.ts';
import { databaseEnvSchema } from '#db/env.ts';

const nameSchema = z.string().min(1);
const listSchema = z.string().transform((text) => text.split(',').filter((word) => word !== ''));
const usdSchema = z.coerce.number<string>().positive();

const bedrockSchema = z.object({ region: nameSchema, models: z.record(nameSchema, nameSchema) });

/** What is no JSON is refused by the schema behind it. */
const toJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

export const workerEnvSchema = z.object({
  WORKER_ID: z.uuid(),
  /** Comma-separated lanes, the first to be asked first. */
  LANE_ORDER: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(laneSchema).nonempty()),
  HIGH_QUEUE_URL: z.url(),
  NORMAL_QUEUE_URL: z.url(),
  LOW_QUEUE_URL: z.url(),
  DEAD_LETTER_QUEUE_URL: z.url(),
  ...databaseEnvSchema.shape,
  BUCKET: nameSchema,
  /** A secret of the form { "appId": "...", "privateKey": "PEM" }. */
  GITHUB_APP_SECRET_ID: nameSchema,
  GITHUB_API_URL: z.url(),
  GITHUB_URL: z.url(),
  /** A secret of the form { "apiKey": "..." } or { "oauthToken": "..." }; not read where the model is at Bedrock. */
  MODEL_SECRET_ID: nameSchema,
  MODEL_BASE_URL: z.url(),
  /** { "region": "...", "models": { NAME: ID AT BEDROCK } } as JSON: the model is there. */
  BEDROCK: z.string().transform(toJson).pipe(bedrockSchema).optional(),
  MODEL: nameSchema,
  /** Comma-separated: what a person may name instead; every model with a known price when left out. */
  MODELS: z
    .string()
    .transform((text) => text.split(','))
    .optional(),
  MAX_TURNS: z.coerce.number<string>().int().min(1), // 0 would mean "unlimited" to the CLI
  /** Dollars: for a task in all its runs, and the wider caps around it (core/money.ts). */
  BUDGET_USD: usdSchema,
  THREAD_DAY_USD: usdSchema,
  USER_DAY_USD: usdSchema,
  INSTALLATION_MONTH_USD: usdSchema,
  MONTH_USD: usdSchema,
  /** Seconds without a message, or without Postgres, before the worker exits; a paused database needs 40. */
  IDLE_SECONDS: z.coerce.number<string>().int().min(1),
  /** The supervisor's own folder (bare repositories, socket) and the one in which each run gets an agent's folder. */
  STATE_DIR: nameSchema,
  RUNS_DIR: nameSchema,
  /** Of these uids (and gids of the same number) each run gets one, where the supervisor is root. */
  AGENT_UID_FIRST: z.coerce.number<string>().int().min(1000),
  AGENT_UID_COUNT: z.coerce.number<string>().int().min(1),
  /** What starts the agent as such a uid, without rights and network. Without it: as the worker's own user, never as root. */
  GUARD_BINARY: nameSchema.optional(),
  CLAUDE_BINARY: nameSchema,
  /** What a repository's setup may read, by name; and the hosts that its policy may keep open while the agent works. */
  SETUP_REGISTRIES: listSchema.pipe(z.array(z.enum(registryNames))).default([]),
  OPEN_HOSTS: listSchema.pipe(z.array(z.string().refine(isHostName, 'must be names of hosts'))).default([]),
});
export type WorkerEnv = z.input<typeof workerEnvSchema>;
export type WorkerConfig = z.output<typeof workerEnvSchema>;
