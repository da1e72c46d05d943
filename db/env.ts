import * as z from 'zod';

const nameSchema = z.string().min(1);

/** How the app role reaches Postgres: part of the environment of the ledger and of the worker. */
export const databaseEnvSchema = z.object({
  DATABASE_HOST: nameSchema,
  DATABASE_PORT: z.coerce.number<string>().int(),
  DATABASE_NAME: nameSchema,
  DATABASE_USER: nameSchema,
  /** iam: a token computed locally, over TLS with the RDS roots. password: DATABASE_PASSWORD, for a local Postgres. */
  DATABASE_AUTH: z.enum(['iam', 'password']),
  DATABASE_PASSWORD: z.string().optional(),
});
export type DatabaseEnv = z.input<typeof databaseEnvSchema>;
export type DatabaseConfig = z.output<typeof databaseEnvSchema>;
