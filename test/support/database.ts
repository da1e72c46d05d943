// A migrated database of a test file's own.
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import type { Database } from '#db/database.ts';
import { openDatabase } from '#db/database.ts';
import type { DatabaseConfig } from '#db/env.ts';
import type { Master } from '#db/migrate.ts';

export type TestDatabase = {
  /** As ledger and worker have it: the app role. */
  db: Database;
  config: DatabaseConfig;
  master: Master;
  /** As the master, who may do what the app role may not: for arranging and for looking. */
  query: (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;
  /** Removes every row. */
  clear: () => Promise<void>;
  close: () => Promise<void>;
};

export const migratedDatabase = async (): Promise<TestDatabase> => {
  const { template, app } = inject('postgres');
  const { master, drop } = await aDatabase({ template });
  const client = new Client(master);
  await client.connect();
  const query: TestDatabase['query'] = async (text, values) => (await client.query(text, values)).rows;
  // a database's own grants do not come with the copy
  await query(`revoke all on database ${master.database} from public`);
  await query(`grant connect on database ${master.database} to ${app.user}`);

  const config: DatabaseConfig = {
    DATABASE_HOST: master.host,
    DATABASE_PORT: master.port,
    DATABASE_NAME: master.database,
    DATABASE_USER: app.user,
    DATABASE_AUTH: 'password',
    DATABASE_PASSWORD: app.password,
  };
  const { db, close } = openDatabase(config, { max: 10 });
  return {
    db,
    config,
    master,
    query,
    clear: async () => {
      await query(
        'truncate installations, deliveries, tasks, runs, sessions, spend, workers restart identity cascade',
      );
    },
    close: async () => {
      await close();
      await client.end();
      await drop();
    },
  };
};

/** An empty database of its own, or a copy of the template. */
export const aDatabase = async ({ template = 'template1' } = {}) => {
  const { host, port, master } = inject('postgres');
  const database = `test_${randomBytes(6).toString('hex')}`;
  const run = async (statement: string) => {
    const client = new Client({ host, port, ...master, database: 'postgres' });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  await run(`create database ${database} template ${template}`);
  return {
    master: { host, port, ...master, database, tls: false } satisfies Master,
    drop: () => run(`drop database ${database} with (force)`),
  };
};
