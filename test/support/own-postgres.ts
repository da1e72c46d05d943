// A Postgres of a test file's own, which it may kill, behind a way that it may cut.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { openDatabase } from '#db/database.ts';
import type { DatabaseConfig } from '#db/env.ts';
import { migrateDatabase } from '#db/migrate.ts';
import { startPostgres } from '#local/postgres.ts';
import { migrationsFolder } from '#test/support/postgres-setup.ts';
import { startTcpProxy } from '#test/support/tcp-proxy.ts';

export type OwnPostgres = Awaited<ReturnType<typeof startOwnPostgres>>;

export const startOwnPostgres = async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'own-postgres-'));
  chmodSync(stateDir, 0o755); // as root, Postgres runs as another user
  let postgres = await startPostgres({ stateDir });
  const proxy = await startTcpProxy(postgres);
  const { database } = postgres;
  const app = { user: 'app', password: randomBytes(12).toString('hex') };
  const migrate = (password = app.password) => {
    const { host, port, master } = postgres;
    return migrateDatabase({
      master: { host, port, database, ...master, tls: false },
      app: { user: app.user, auth: 'password', password },
      migrationsFolder,
    });
  };
  await migrate();
  const config: DatabaseConfig = {
    DATABASE_HOST: proxy.host,
    DATABASE_PORT: proxy.port,
    DATABASE_NAME: database,
    DATABASE_USER: app.user,
    DATABASE_AUTH: 'password',
    DATABASE_PASSWORD: app.password,
  };
  /** A session beside the proxy, as the superuser. */
  const session = async () => {
    const { host, port, superuser } = postgres;
    const client = new Client({ host, port, database, ...superuser });
    client.on('error', () => {}); // it ends with a server that is killed
    await client.connect();
    return client;
  };
  const query = async (text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => {
    const client = await session();
    try {
      return (await client.query(text, values)).rows;
    } finally {
      await client.end();
    }
  };
  /** At once and without a farewell to anybody. https://www.postgresql.org/docs/17/server-shutdown.html */
  const kill = async () => {
    if (postgres.pid === undefined) throw new Error('a Postgres that was started has a process');
    process.kill(postgres.pid, 'SIGQUIT');
    await postgres.close();
  };
  const start = async () => {
    postgres = await startPostgres({ stateDir });
    proxy.redirect(postgres);
  };
  return {
    proxy,
    config,
    app,
    migrate,
    session,
    query,
    kill,
    start,
    open: (options: Parameters<typeof openDatabase>[1] = {}) => openDatabase(config, options),
    /** Returns when so many sessions wait for a lock. */
    waitUntilBlocked: async (count: number) => {
      const blocked =
        'select from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0';
      while ((await query(blocked)).length < count);
    },
    close: async () => {
      await proxy.close();
      await postgres.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
};
