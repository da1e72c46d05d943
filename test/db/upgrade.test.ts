// A migration while workers of the version before are at work: what they wrote stays, and what they write goes on working.
import { randomBytes, randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { Client, escapeIdentifier } from 'pg';
import * as z from 'zod';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '#db/database.ts';
import type { Master } from '#db/migrate.ts';
import { migrateDatabase } from '#db/migrate.ts';
import { createTasks } from '#db/tasks.ts';
import { threadKey } from '#core/thread-key.ts';
import { aRequest, aThread, aTrigger } from '#test/builders.ts';
import { aDatabase, asMaster } from '#test/support/database.ts';
import { migrationsFolder } from '#test/support/postgres-setup.ts';
import { aRecordInput } from '#test/support/record-input.ts';

let master: Master;
let drop: () => Promise<void>;
let app: { user: string; password: string };
beforeEach(async () => {
  ({ master, drop } = await aDatabase());
  app = { user: `app_${randomBytes(4).toString('hex')}`, password: randomBytes(8).toString('hex') };
});
afterEach(async () => {
  // a session may outlive its connection by a moment, and the master may not end it
  const left = 'select from pg_stat_activity where usename = $1';
  while ((await query({}, left, [app.user])).length > 0);
  await drop();
  await asMaster(`drop role ${app.user}`);
});

const query = async (as: object, text: string, values: unknown[] = []) => {
  const client = new Client({ ...master, ...as });
  await client.connect();
  try {
    return (await client.query(text, values)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
};
const asApp = (text: string, values: unknown[] = []) =>
  query({ user: app.user, password: app.password }, text, values);

const journalSchema = z.looseObject({ entries: z.array(z.unknown()) });

/** As the release with the first migration alone left it, for an app role with its rights of that time. */
const asOfTheFirst = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'migrations-'));
  cpSync(migrationsFolder, folder, { recursive: true });
  const file = join(folder, 'meta', '_journal.json');
  const journal = journalSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  writeFileSync(file, JSON.stringify({ ...journal, entries: journal.entries.slice(0, 1) }));
  const client = new Client(master);
  await client.connect();
  try {
    await migrate(drizzle(client), { migrationsFolder: folder });
    const user = escapeIdentifier(app.user);
    await client.query(`create role ${user} login password '${app.password}'`);
    await client.query(`grant connect on database ${master.database} to ${user}`);
    await client.query(`grant select, insert, update on all tables in schema public to ${user}`);
  } finally {
    await client.end();
    rmSync(folder, { recursive: true });
  }
};

const upgrade = () => migrateDatabase({ master, app: { ...app, auth: 'password' }, migrationsFolder });

/** In the columns that there were, as the first release wrote a task. */
const recordAsTheFirst = async (commentId: string) => {
  const thread = aThread();
  const values = ['github', `issue_comment:${commentId}`, threadKey(thread), thread, aTrigger(), aRequest()];
  const [row] = await asApp(
    `insert into tasks (platform, trigger_key, thread_key, thread, trigger, request, lane)
     values ($1, $2, $3, $4, $5, $6, 'normal') returning id`,
    values,
  );
  return String(row?.['id']);
};
const claimAsTheFirst = (id: string) =>
  asApp(
    `update tasks set status = 'running', fence = fence + 1, attempt = attempt + 1, lease_owner = $2,
            lease_until = now() + interval '90 seconds', updated_at = now() where id = $1`,
    [id, randomUUID()],
  );
const finishAsTheFirst = (id: string) =>
  asApp(
    `update tasks set status = 'succeeded', step = 'done', lease_owner = null, lease_until = null,
            outcome = $2, finished_at = now(), updated_at = now() where id = $1`,
    [id, { status: 'succeeded', result: { kind: 'answer' }, summary: 'done' }],
  );

const withTasks = async <T>(act: (tasks: ReturnType<typeof createTasks>) => Promise<T>): Promise<T> => {
  const { db, close } = openDatabase({
    DATABASE_HOST: master.host,
    DATABASE_PORT: master.port,
    DATABASE_NAME: master.database,
    DATABASE_USER: app.user,
    DATABASE_AUTH: 'password',
    DATABASE_PASSWORD: app.password,
  });
  try {
    return await act(createTasks(db));
  } finally {
    await close();
  }
};

describe('a migration', () => {
  it('keeps what the first release wrote, and the new one goes on from it', async () => {
    await asOfTheFirst();
    const id = await recordAsTheFirst('1');
    await Promise.all([upgrade(), upgrade()]);

    await withTasks(async (tasks) => {
      const claimed = await tasks.claim({ threadKey: threadKey(aThread()), workerId: randomUUID() });
      expect(claimed).toMatchObject({ kind: 'claimed', job: { task: { id }, attempt: 1, stopBy: null } });
      const repeat = aRecordInput({ trigger: { key: 'issue_comment:1' } });
      expect(await tasks.record(repeat)).toMatchObject({ id, created: false });
    });
  });

  it('lets a worker of the first release end the job that it had begun, and record another', async () => {
    await asOfTheFirst();
    const id = await recordAsTheFirst('1');
    await claimAsTheFirst(id);
    await upgrade();
    await finishAsTheFirst(id);
    const next = await recordAsTheFirst('2');

    await withTasks(async (tasks) => {
      expect(await tasks.get(id)).toMatchObject({ task: { status: 'succeeded' } });
      const claimed = await tasks.claim({ threadKey: threadKey(aThread()), workerId: randomUUID() });
      expect(claimed).toMatchObject({ kind: 'claimed', job: { task: { id: next } } });
    });
  });

  it('gives the app role its rights on every table, old and new', async () => {
    await asOfTheFirst();
    await upgrade();
    const tables = await query(
      {},
      `select tablename, array_agg(may order by may) as rights
       from pg_tables, unnest('{delete,insert,select,update}'::text[]) as may
       where schemaname = 'public' and has_table_privilege($1, tablename::regclass, may) group by tablename`,
      [app.user],
    );
    const all = await query({}, "select from pg_tables where schemaname = 'public'");
    expect(tables).toHaveLength(all.length);
    for (const table of tables) expect(table['rights']).toEqual(['insert', 'select', 'update']);
  });
});
