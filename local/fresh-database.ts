// Each start of the house has a database of its own: the twins begin anew, so what Postgres knows must too.
import { randomBytes } from 'node:crypto';
import { Client, escapeIdentifier } from 'pg';
import type { LocalPostgres } from './postgres.ts';

const prefix = 'agent_bot_house_';

/**
 * Made by the master and dropped at the end. What a killed house left goes too, but only in a cluster of our own: on
 * somebody's server it may belong to a house that runs.
 */
export const withFreshDatabase = async (postgres: LocalPostgres): Promise<LocalPostgres> => {
  const database = `${prefix}${randomBytes(6).toString('hex')}`;
  await asMaster(postgres, async (client) => {
    if (postgres.folder !== undefined)
      for (const left of await houseDatabases(client)) await drop(client, left);
    await client.query(`create database ${escapeIdentifier(database)}`);
  });
  return {
    ...postgres,
    database,
    close: async () => {
      try {
        await asMaster(postgres, (client) => drop(client, database));
      } finally {
        await postgres.close();
      }
    },
  };
};

/** The role of ledger and worker in a house's database. */
export const appRoleOf = (database: string) => `${database}_app`;

const asMaster = async ({ host, port, master }: LocalPostgres, act: (client: Client) => Promise<void>) => {
  const client = new Client({ host, port, ...master, database: 'postgres', connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    await act(client);
  } finally {
    await client.end();
  }
};

const houseDatabases = async (client: Client): Promise<string[]> => {
  const { rows } = await client.query<{ datname: string }>(
    'select datname from pg_database where starts_with(datname, $1)',
    [prefix],
  );
  return rows.map(({ datname }) => datname);
};

const drop = async (client: Client, database: string) => {
  const app = escapeIdentifier(appRoleOf(database));
  const { rows } = await client.query('select from pg_roles where rolname = $1', [appRoleOf(database)]);
  // force ends only connections of roles that one has the rights of
  if (rows.length > 0) await client.query(`grant ${app} to current_user with inherit true`);
  await client.query(`drop database if exists ${escapeIdentifier(database)} with (force)`);
  await client.query(`drop role if exists ${app}`);
};
