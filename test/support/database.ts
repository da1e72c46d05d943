// A migrated database of a test file's own.
import { randomBytes } from 'node:crypto';
import { Client, DatabaseError } from 'pg';
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
  /** Lets so many calls begin, holds them all before their first row, and then lets them go at once. */
  atOnce: <T>(count: number, act: (index: number) => Promise<T>) => Promise<T[]>;
  /** Returns when so many sessions wait for a lock. */
  waitUntilBlocked: (count: number) => Promise<void>;
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
  const { db, close } = openDatabase(config, { max: 20 });
  const countBlocked = async () => {
    await query('select pg_stat_clear_snapshot()'); // inside a transaction the view would stay as it was first read
    const blocked = await query(
      'select from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0',
    );
    return blocked.length;
  };
  const waitUntilBlocked = async (count: number) => {
    while ((await countBlocked()) < count);
  };
  return {
    db,
    config,
    master,
    query,
    waitUntilBlocked,
    atOnce: async (count, act) => {
      await query('begin');
      await query('lock table deliveries, tasks, workers in access exclusive mode');
      const acts = Promise.all(Array.from({ length: count }, (_, index) => act(index)));
      try {
        await Promise.race([waitUntilBlocked(count), acts]); // acts: one that fails ends the wait
      } finally {
        await query('commit');
      }
      return acts;
    },
    clear: async () => {
      await query(
        'truncate installations, deliveries, tasks, runs, sessions, spend, workers, freezes, dead_letters restart identity cascade',
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
  await asMaster(`create database ${database} template ${template}`);
  return {
    master: { host, port, ...master, database, tls: false } satisfies Master,
    drop: () => drop(database),
  };
};

/** With force the master may not end a connection of the app's role that is ending by itself; without, Postgres waits 5 s for it. */
const drop = (database: string): Promise<void> =>
  asMaster(`drop database ${database} with (force)`).catch((error: unknown) => {
    if (error instanceof DatabaseError && error.code === '42501')
      return asMaster(`drop database ${database}`);
    throw error;
  });

/** What concerns the whole cluster. */
export const asMaster = async (statement: string): Promise<void> => {
  const { host, port, master } = inject('postgres');
  const client = new Client({ host, port, ...master, database: 'postgres' });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
};
