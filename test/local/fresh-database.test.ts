import { Client } from 'pg';
import { expect, inject, it } from 'vitest';
import { appRoleOf, withFreshDatabase } from '#local/fresh-database.ts';
import type { LocalPostgres } from '#local/postgres.ts';

const connected = async ({ host, port, database }: LocalPostgres, role: LocalPostgres['master']) => {
  const client = new Client({ host, port, database, ...role });
  client.on('error', () => {}); // the server ends it, which is what is tested
  await client.connect();
  return client;
};

const aServer = () => {
  const { host, port, master, template: database } = inject('postgres');
  const server = { host, port, master, database, folder: undefined, pid: undefined };
  let isClosed = false;
  const close = async () => {
    isClosed = true;
  };
  return { server: { ...server, close }, isClosed: () => isClosed };
};

it('ends with its database and role, though the app is still connected', async () => {
  const { server, isClosed } = aServer();
  const fresh = await withFreshDatabase(server);
  const app = { user: appRoleOf(fresh.database), password: 'p' };
  const master = await connected(fresh, fresh.master);
  await master.query(`create role ${app.user} login password '${app.password}'`);
  await master.end();
  const left = await connected(fresh, app);

  await fresh.close();

  expect(isClosed()).toBe(true);
  await left.end();
  const looking = await connected(server, server.master);
  const { rows } = await looking.query(
    'select datname as name from pg_database where datname = $1 union all select rolname from pg_roles where rolname = $2',
    [fresh.database, app.user],
  );
  await looking.end();
  expect(rows).toEqual([]);
});

it('lets the server end also when the database cannot be dropped', async () => {
  const { server, isClosed } = aServer();
  const fresh = await withFreshDatabase(server);
  const { master } = server;
  server.master = { ...master, password: 'another' };

  await expect(fresh.close()).rejects.toThrow('password');

  expect(isClosed()).toBe(true);
  server.master = master;
  await fresh.close();
});
