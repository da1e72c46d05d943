import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import * as z from 'zod';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppRole } from '#db/grants.ts';
import { toAppRole } from '#db/grants.ts';
import type { Master } from '#db/migrate.ts';
import { createMigrate } from '#functions/handlers/migrate.ts';
import { aDatabase } from '#test/support/database.ts';
import { aLog } from '#test/support/fakes.ts';
import { migrationsFolder } from '#test/support/postgres-setup.ts';

const tables = [
  'dead_letters',
  'deliveries',
  'freezes',
  'installations',
  'runs',
  'sessions',
  'spend',
  'tasks',
  'workers',
];
const { entries } = z
  .object({ entries: z.array(z.unknown()) })
  .parse(JSON.parse(readFileSync(join(migrationsFolder, 'meta', '_journal.json'), 'utf8')));

describe('migrate', () => {
  let master: Master;
  let drop: () => Promise<void>;
  let app: AppRole & { password: string };
  let user: string;
  beforeEach(async () => {
    ({ master, drop } = await aDatabase());
    user = `app "${randomBytes(4).toString('hex')}`; // a name that has to be quoted
    app = { user, auth: 'password', password: `it's \\ "secret` };
  });
  afterEach(async () => {
    await drop();
    const { rows } = await asMaster('select from pg_roles where rolname = $1', [user], 'postgres');
    if (rows.length > 0) await asMaster(`drop role "${user.replace('"', '""')}"`, [], 'postgres');
  });

  const query = async (as: object, text: string, values: unknown[] = []) => {
    const client = new Client({ ...master, ...as });
    await client.connect();
    try {
      return await client.query(text, values);
    } finally {
      await client.end();
    }
  };
  const asMaster = (text: string, values: unknown[] = [], database = master.database) =>
    query({ database }, text, values);
  const asApp = (text: string) => query({ user, password: app.password }, text);
  const migrate = (role: AppRole = app) => {
    const { log, lines } = aLog();
    const run = createMigrate({
      secrets: { read: async () => ({ username: master.user, password: master.password }) },
      masterSecretId: 'master',
      database: { host: master.host, port: master.port, database: master.database },
      app: role,
      migrationsFolder,
      log,
    });
    return run().then((answer) => ({ answer, lines }));
  };

  it('makes the tables and a role that reads and writes their rows', async () => {
    expect((await migrate()).answer).toEqual({ status: 'migrated' });

    const { rows } = await asApp("select tablename from pg_tables where schemaname = 'public' order by 1");
    expect(rows.map(({ tablename }) => tablename)).toEqual(tables);
    await asApp("insert into sessions (thread_key, session_id) values ('t', gen_random_uuid())");
    await asApp("update sessions set transcript_key = 'k'");
    await asApp("insert into workers (lane_order) values ('{high}')"); // its number comes from a sequence
    expect((await asApp('select * from sessions')).rows).toMatchObject([{ transcript_key: 'k' }]);
  });

  it('changes nothing when it runs again', async () => {
    await migrate();
    const state = () =>
      asMaster(`select (select count(*)::int from drizzle.__drizzle_migrations) as migrations,
        (select array_agg(relacl::text order by relname) from pg_class where relnamespace = 'public'::regnamespace) as acl`);
    const { rows: before } = await state();
    await migrate();

    expect((await state()).rows).toEqual(before);
    expect(before[0].migrations).toBe(entries.length);
  });

  it('lets one migrate and the others wait when several deploy at once', async () => {
    await Promise.all([migrate(), migrate(), migrate()]);

    const { rows } = await asMaster('select count(*)::int as n from drizzle.__drizzle_migrations');
    expect(rows).toEqual([{ n: entries.length }]);
  });

  it('refuses the app role everything else', async () => {
    await migrate();
    const statements = [
      'delete from sessions',
      'truncate sessions',
      'create table more (id int)',
      'create temporary table more (id int)',
      'create schema more',
      'drop table sessions',
      'alter table sessions add column more text',
      'create index more on sessions (session_id)',
      "copy (select 1) to program 'id'",
      "copy sessions from program 'id'",
      "copy sessions from '/etc/passwd'",
      "select pg_read_file('/etc/passwd')",
      'create role more',
      'select * from drizzle.__drizzle_migrations',
      'create database more',
    ];
    for (const statement of statements) {
      const error: unknown = await asApp(statement).catch((error: unknown) => error);
      expect({ statement, error }).toMatchObject({ statement, error: { code: '42501' } }); // insufficient_privilege
    }
  });

  it('lets nobody else in', async () => {
    await migrate();
    const { rows } = await asMaster(
      "select has_database_privilege('public', current_database(), 'connect') as connect",
    );
    expect(rows).toEqual([{ connect: false }]);
  });

  it('takes back what the role had been given by hand, and covers later tables', async () => {
    await migrate();
    await asMaster(`grant delete on sessions to "${user.replace('"', '""')}"`);
    await asMaster('create table later (id int)');
    await asApp('insert into later values (1)');
    await migrate();

    await expect(asApp('delete from sessions')).rejects.toMatchObject({ code: '42501' });
  });

  it('changes the password to the one that it is given', async () => {
    await migrate();
    app = { ...app, password: 'another' };
    await migrate();

    expect((await asApp('select current_user')).rows).toEqual([{ current_user: user }]);
  });

  it('refuses to make the master its own app role', async () => {
    await expect(migrate({ user: master.user, auth: 'password', password: 'x' })).rejects.toThrow(
      'another role than the master',
    );
  });

  it('says neither password in its log or its errors', async () => {
    const { lines } = await migrate();
    expect(JSON.stringify(lines)).not.toContain('secret');
    expect(JSON.stringify(lines)).not.toContain(master.password);

    // a role of the server's own, which the master may not change
    const foreign: AppRole = { user: 'pg_monitor', auth: 'password', password: app.password };
    const error: unknown = await migrate(foreign).catch((error: unknown) => error);
    expect(String(error)).toContain('database.migrate failed: 42939');
    expect(String(error)).not.toContain('secret');
  });

  it('goes over TLS alone where the role comes by IAM', async () => {
    await expect(migrate({ user, auth: 'iam' })).rejects.toThrow('does not support SSL');
  });

  it('wants a password for a role that does not come by IAM', () => {
    expect(() => toAppRole({ user, auth: 'password', password: undefined })).toThrow('needs a password');
    expect(toAppRole({ user, auth: 'iam', password: 'ignored' })).toEqual({ user, auth: 'iam' });
  });
});
