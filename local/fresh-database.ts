// Each start of the house has a database of its own: the twins begin anew, so what Postgres knows must too.
import { randomBytes } from 'node:crypto';
import { Client, escapeIdentifier } from 'pg';
import type { LocalPostgres } from './postgres.ts';

const prefix = 'agent_bot_house_';

/** Made by the master and dropped at the end. Those of houses that were killed go too, once nobody is connected to them. */
export const withFreshDatabase = async (postgres: LocalPostgres): Promise<LocalPostgres> => {
  const database = `${prefix}${randomBytes(6).toString('hex')}`;
  await asMaster(postgres, async (client) => {
    for (const left of await abandoned(client)) await drop(client, left);
    await client.query(`create database ${escapeIdentifier(database)}`);
  });
  return {
    ...postgres,
    database,
    close: async () => {
      await asMaster(postgres, (client) => drop(client, database));
      await postgres.close();
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

const abandoned = async (client: Client): Promise<string[]> => {
  const { rows } = await client.query<{ datname: string }>(
    `select datname from pg_database d where starts_with(datname, $1) and datdba = (select oid from pg_roles where rolname = current_user)
       and not exists (select from pg_stat_activity a where a.datid = d.oid)`,
    [prefix],
  );
  return rows.map(({ datname }) => datname);
};

const drop = async (client: Client, database: string) => {
  await client.query(`drop database if exists ${escapeIdentifier(database)} with (force)`);
  await client.query(`drop role if exists ${escapeIdentifier(appRoleOf(database))}`);
};
