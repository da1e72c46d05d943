// What an operator decides. It stands in cdk.json under "agentBot"; what is left out has the value given here.
import * as z from 'zod';
import { registryNames } from './registry-hosts.ts';

/** Fargate's sizes: vCPUs → least and most memory in GB and the step between (ECS guide, "Task CPU and memory"). */
const sizes = { 1: [2, 8, 1], 2: [4, 16, 1], 4: [8, 30, 1], 8: [16, 60, 4], 16: [32, 120, 8] } as const;

const bedrockSchema = z.strictObject({
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must look like eu-central-1'),
  models: z.record(
    z.string(),
    z
      .string()
      .regex(/^(?:[a-z]+\.)?anthropic\.[a-z0-9.:-]+$/, 'must look like eu.anthropic.claude-opus-5-5-v1:0'),
  ),
});

const settingsSchema = z
  .strictObject({
    /** Workers at a time. A fresh account starts with 6 Fargate vCPUs: three workers of two. */
    workerCap: z.int().min(1).max(500).default(3),
    /** Workers that wait for work. 0: nothing runs while nobody asks. */
    warmWorkers: z.int().min(0).max(100).default(0),
    /** Spot costs up to 70 % less and may be taken back in the middle of a job, which then goes on from its last step, on demand. */
    workerCapacity: z.enum(['on_demand', 'spot']).default('on_demand'),
    /** Seconds a worker waits for a message before it exits. */
    workerIdleSeconds: z.int().min(1).max(3600).default(60),
    workerVcpus: z.literal([1, 2, 4, 8, 16]).default(2),
    workerMemoryGb: z.int().default(8),
    /** Of the worker. The image is built for it, so the machine that deploys must be able to. */
    cpuArchitecture: z.enum(['X86_64', 'ARM64']).default('X86_64'),
    /** The word that calls the agent. */
    mention: z
      .string()
      .regex(/^@[A-Za-z0-9-]{1,39}$/, 'must be @ and a name of letters, digits and hyphens')
      .default('@agent'),
    model: z.string().min(1).default('claude-opus-5-5'),
    /** What people may name instead (`--model`): every model with a known price when left out. */
    models: z
      .array(z.string().regex(/^[A-Za-z0-9._:-]+$/, 'must be names of models'))
      .min(1)
      .optional(),
    /** The models at Bedrock instead of at Anthropic, by their ids there; then no key is needed. */
    bedrock: bedrockSchema.optional(),
    /** Dollars at most: for a task in all its runs, */
    budgetUsd: z.number().positive().default(5),
    /** for a thread and for a person per UTC day, */
    threadDayUsd: z.number().positive().default(20),
    userDayUsd: z.number().positive().default(50),
    /** for an installation and for everything per UTC month. */
    installationMonthUsd: z.number().positive().default(500),
    monthUsd: z.number().positive().default(1000),
    /** Per run; the CLI takes 0 for "unlimited". */
    maxTurns: z.int().min(1).default(50),
    githubUrl: z.url().default('https://github.com'),
    githubApiUrl: z.url().default('https://api.github.com'),
    modelBaseUrl: z.url().default('https://api.anthropic.com'),
    /** What the setup of a repository may read; its policy can take away from it and add nothing. */
    setupRegistries: z.array(z.enum(registryNames)).default(registryNames),
    /** Hosts that a policy may keep readable while the agent works. Who reads such a host's log can be told things in a path. */
    openHosts: z
      .array(z.string().regex(/^(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*$/, 'must look like docs.example.com'))
      .default([]),
    /** DNS names beside those that the house needs: answered, answered and marked in a log, or not answered. See docs/network.md. */
    dnsFirewall: z.enum(['off', 'alert', 'block']).default('alert'),
    /** An RDS instance class without its "db.". */
    databaseClass: z
      .string()
      .regex(/^[a-z0-9-]+\.[a-z0-9]+$/, 'must look like t4g.micro')
      .default('t4g.micro'),
    /** Off at first: with it a failed first deploy could not take its database away again. Turn it on after that. */
    databaseDeletionProtection: z.boolean().default(false),
    /** What becomes of database, bucket and secrets when the stack goes or replaces them. */
    onRemoval: z.enum(['retain', 'destroy']).default('retain'),
    logDays: z.literal([1, 3, 5, 7, 14, 30, 60, 90, 180, 365]).default(30),
    /** Who gets a mail when an alarm goes off. */
    alarmEmail: z.email().optional(),
  })
  .superRefine(({ model, models = [], bedrock }, context) => {
    const missing = [model, ...models].filter((name) => bedrock && !Object.hasOwn(bedrock.models, name));
    for (const name of missing)
      context.addIssue({ code: 'custom', path: ['bedrock', 'models'], message: `has no id for ${name}` });
  })
  .superRefine(({ workerVcpus, workerMemoryGb }, context) => {
    const [least, most, step] = sizes[workerVcpus];
    if (workerMemoryGb >= least && workerMemoryGb <= most && workerMemoryGb % step === 0) return;
    const message = `${workerVcpus} vCPUs on Fargate go with ${least} to ${most} GB in steps of ${step}`;
    context.addIssue({ code: 'custom', path: ['workerMemoryGb'], message });
  });
export type Settings = z.output<typeof settingsSchema>;

/** Throws with the name of each setting that cannot be used. */
export const parseSettings = (settings: unknown): Settings => {
  const parsed = settingsSchema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'settings'}: ${message}`,
  );
  throw new Error(`agentBot in cdk.json: ${problems.join('; ')}`, { cause: parsed.error });
};
