import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { Client } from 'pg';
import { rdsTls } from './database.ts';
import type { AppRole } from './grants.ts';
import { grantApp } from './grants.ts';
import { named } from './named.ts';

/** The owner of the database: no superuser, as on RDS. */
export type Master = {
  host: string;
  port: number;
  database: string;
  user: string;
  password: string;
  /** With the roots of RDS; plain only on a loopback address. */
  tls: boolean;
};

export type MigrateInput = { master: Master; app: AppRole; migrationsFolder: string };

// any number that nothing else locks: our own kinds (locks.ts) are pairs, which do not meet single numbers
const lockNumber = 7_254_001;

const bringUpToDate = async ({ master, app, migrationsFolder }: MigrateInput): Promise<void> => {
  const { tls, ...place } = master;
  const client = new Client({
    ...place,
    ...(tls && { ssl: rdsTls }),
    connectionTimeoutMillis: 10_000,
    statement_timeout: 240_000, // the wait for the lock counts too; the function has 300 s
  });
  await client.connect();
  try {
    // a session's lock: it ends with the connection, whatever happens
    await client.query('select pg_advisory_lock($1)', [lockNumber]);
    const db = drizzle(client);
    await migrate(db, { migrationsFolder });
    await db.transaction((tx) => grantApp(tx, app));
  } finally {
    await client.end();
  }
};

/** Brings the schema and the app role's rights up to date. One at a time; whoever comes second finds nothing to do. */
export const { migrate: migrateDatabase } = named('database', { migrate: bringUpToDate });
