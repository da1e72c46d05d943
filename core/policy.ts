// What a repository asks of the agent's work: `.agent-bot.yml` on the base branch, version 1.
import * as z from 'zod';
import type { Allowed } from './protected-paths.ts';
import { allowable } from './protected-paths.ts';

export const policyFile = '.agent-bot.yml';

const listed = (words: readonly string[]) => words.join(', ');

/** Unknown keys are refused: a mistyped rule must not be a rule that is not there. */
const section = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys'
        ? `unknown key; allowed here: ${listed(Object.keys(shape))}`
        : `must be a map with any of these keys: ${listed(Object.keys(shape))}`,
  });

const wholeNumber = (what: string) => {
  const error = `must be a whole number of ${what}, 1 or more`;
  return z.int({ error }).min(1, { error });
};

const dollars = 'must be dollars above 0, as in 2.50';
const commandLine = 'must be a command in one line, at most 1000 characters';
const visible = /^[^\p{Cc}\u2028\u2029]{1,1000}$/u;
const lineSchema = z.string({ error: commandLine }).trim().min(1, commandLine).regex(visible, commandLine);
const minutes = 'must be a whole number of minutes from 1 to 30';
const minutesSchema = z.int({ error: minutes }).min(1, minutes).max(30, minutes);

const defaultMinutes = 10;

const commandSchema = z
  .union([lineSchema, section({ run: lineSchema, minutes: minutesSchema.optional() })], {
    error: 'must be a command, or a map with run and minutes',
  })
  .transform((command) => {
    const { run, minutes } = typeof command === 'string' ? { run: command } : command;
    return { run, minutes: minutes ?? defaultMinutes };
  });
/** A line for `sh`, and how long it may take. */
export type PolicyCommand = z.output<typeof commandSchema>;

const maxCommands = 10;
const commands = `must be a list of at most ${maxCommands} commands`;
const commandsSchema = z.array(commandSchema, { error: commands }).max(maxCommands, commands);

const host = 'must be the name of a host, as in registry.npmjs.org';
const hostSchema = z
  .string({ error: host })
  .toLowerCase()
  .max(253, host)
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/, host);
const maxHosts = 50;
const hosts = `must be a list of 1 to ${maxHosts} names of hosts`;

const network = 'must be setup, none, or a map with allowlist';
const networkSchema = z
  .union(
    [
      z.enum(['setup', 'none'], { error: network }),
      section({ allowlist: z.array(hostSchema, { error: hosts }).min(1, hosts).max(maxHosts, hosts) }),
    ],
    { error: network },
  )
  .transform((written): Network => (typeof written === 'string' ? { mode: written } : toAllowlist(written)));
export type Network = { mode: 'setup' | 'none' } | { mode: 'allowlist'; hosts: string[] };
const toAllowlist = ({ allowlist }: { allowlist: string[] }): Network => ({
  mode: 'allowlist',
  hosts: allowlist,
});

const pattern =
  'must be a pattern as in .gitignore: at most 200 characters and 4 stars, without \\, and no ! or # at its beginning';
const patternSchema = z
  .string({ error: pattern })
  .regex(/^(?![!#\s])[^\\\p{Cc}\p{Cf}]{1,200}$/u, pattern)
  .regex(/^(?:[^*]*\*+){0,4}[^*]*$/, pattern); // more stars would make the search for a match slow
const maxPatterns = 200;
const patterns = `must be a list of at most ${maxPatterns} patterns of paths`;

const allowed = `must be one of ${listed(allowable)}`;
const modes = 'must be ask or run';

const label = 'must be the name of a label, at most 50 characters';
const labelSchema = z
  .string({ error: label })
  .trim()
  .regex(/^[^\p{Cc}\p{Cf}\u2028\u2029]{1,50}$/u, label);
const maxLabels = 50;
const labels = `must be a list of at most ${maxLabels} names of labels`;

/** What is written. Defaults are what holds without a file. */
export const policySchema = section({
  version: z.literal(1, { error: 'must be 1' }).optional().describe('The version of these keys.'),
  network: networkSchema
    .optional()
    .describe(
      'What the setup commands may reach: the usual package registries (setup, the default), nothing (none), or the hosts in allowlist.',
    ),
  setup: commandsSchema
    .optional()
    .describe('Commands that prepare the repository before the agent begins, for example npm ci.'),
  verify: commandsSchema
    .optional()
    .describe('Commands that run on the finished change; what they say stands in the pull request.'),
  protected: z
    .array(patternSchema, { error: patterns })
    .max(maxPatterns, patterns)
    .optional()
    .describe('Further paths that the agent may not change; patterns as in .gitignore.'),
  allow: z
    .array(z.enum(allowable, { error: allowed }), { error: `must be a list of any of ${listed(allowable)}` })
    .optional()
    .describe('Kinds of protected paths that the agent may change in this repository.'),
  caps: section({
    budgetUsd: z
      .number({ error: dollars })
      .positive(dollars)
      .optional()
      .describe('Dollars at most for one request.'),
    maxTurns: wholeNumber('turns').optional().describe('Turns of the agent at most in one run.'),
    maxMinutes: wholeNumber('minutes').optional().describe('Minutes at most of one run.'),
    maxFiles: wholeNumber('files').optional().describe('Files at most in one change.'),
    maxBytes: wholeNumber('bytes').optional().describe('Bytes at most of one change, as a patch.'),
  })
    .optional()
    .describe('Limits below those of the operator; a higher one has no effect.'),
  ci: z
    .enum(['ask', 'run'], { error: modes })
    .optional()
    .describe(
      'Whether the CI of a pull request waits until somebody asks for it (ask, the default) or runs.',
    ),
  labels: z
    .array(labelSchema, { error: labels })
    .max(maxLabels, labels)
    .optional()
    .describe('Labels of the repository that the agent may put on the issue or pull request it is asked on.'),
}).transform(
  ({
    network = { mode: 'setup' },
    setup = [],
    verify = [],
    allow = [],
    caps = {},
    ci = 'ask',
    labels = [],
    ...rest
  }): Policy => ({
    network,
    setup,
    verify,
    protected: rest.protected ?? [],
    allow,
    caps,
    ci,
    labels,
  }),
);

export type PolicyCaps = {
  budgetUsd?: number | undefined;
  maxTurns?: number | undefined;
  maxMinutes?: number | undefined;
  maxFiles?: number | undefined;
  maxBytes?: number | undefined;
};
export type Policy = {
  network: Network;
  setup: PolicyCommand[];
  verify: PolicyCommand[];
  protected: string[];
  allow: Allowed[];
  caps: PolicyCaps;
  ci: 'ask' | 'run';
  labels: string[];
};

/** Without a file. */
export const defaultPolicy: Policy = policySchema.parse({});
