import { Client, escapeIdentifier } from 'pg';
import type { LocalPostgres } from './postgres.ts';
import { database as defaultDatabase } from './postgres.ts';

/**
 * A Postgres that is there already, by the URL of a role that may create roles and databases. The database that the
 * URL names is made if it is missing.
 */
export const postgresFromUrl = async (url: string): Promise<LocalPostgres> => {
  const { host, port, master, database } = parseDatabaseUrl(url);
  const connect = async (name: string) => {
    const client = new Client({ host, port, ...master, database: name, connectionTimeoutMillis: 5_000 });
    await client.connect();
    return client;
  };
  const client = await connect('postgres').catch((error: unknown) => {
    throw new Error(`DATABASE_URL: no connection to ${host}:${port} as ${master.user}`, { cause: error });
  });
  try {
    const { rows } = await client.query('select from pg_database where datname = $1', [database]);
    if (rows.length === 0) await client.query(`create database ${escapeIdentifier(database)}`);
  } finally {
    await client.end();
  }
  return { host, port, database, master, folder: undefined, pid: undefined, close: async () => {} };
};

export const parseDatabaseUrl = (
  text: string,
): Pick<LocalPostgres, 'host' | 'port' | 'database' | 'master'> => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^postgres(ql)?:$/.test(url.protocol) || !url.hostname || !url.username || !url.password)
    // not the text itself: it holds a password
    throw new Error('DATABASE_URL must look like postgres://user:password@host:port/database');
  const tls = url.searchParams.get('sslmode') ?? 'disable';
  if (tls !== 'disable' && tls !== 'prefer')
    throw new Error(`DATABASE_URL: sslmode=${tls} is not supported, only a Postgres without TLS`);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 5432),
    database: decodeURIComponent(url.pathname.slice(1)) || defaultDatabase,
    master: { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) },
  };
};
