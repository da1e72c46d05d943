import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findDrift } from '#db/drift.ts';
import type { Master } from '#db/migrate.ts';
import * as schema from '#db/schema.ts';
import { aDatabase, migratedDatabase } from '#test/support/database.ts';

const migrations = fileURLToPath(new URL('../../db/migrations', import.meta.url));
const command = fileURLToPath(new URL('../../db/check-drift.ts', import.meta.url));

describe('the drift check', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'drift-'));
    cpSync(migrations, folder, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const check = (...args: string[]) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
    return { status, stderr, stdout };
  };
  const editSnapshot = (edit: (text: string) => string) => {
    const { entries } = JSON.parse(readFileSync(join(folder, 'meta/_journal.json'), 'utf8'));
    const file = join(folder, 'meta', `${entries.at(-1).tag.slice(0, 4)}_snapshot.json`);
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, edit(before));
    expect(readFileSync(file, 'utf8')).not.toBe(before);
  };

  it('says nothing of the committed migrations', () => {
    expect(check()).toEqual({ status: 0, stderr: '', stdout: '' });
  });

  it('fails with one line that says what to do', () => {
    editSnapshot((text) => text.replaceAll('lease_owner', 'lease_holder'));

    expect(check(folder)).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'db/schema.ts and the migrations differ (table tasks differs): run `npm run db:generate` and commit both\n',
    });
  });

  it.each([
    ['a table', { ...schema, more: pgTable('more', { id: text('id') }) }, ['table more differs']],
    [
      'a column less',
      { ...schema, sessions: pgTable('sessions', { id: text('id') }) },
      ['table sessions differs'],
    ],
    ['a table less', { ...schema, workers: undefined }, ['table workers differs']],
  ])('sees %s in the schema', (_, changed, drift) => {
    expect(findDrift(changed, folder)).toEqual(drift);
  });

  it('sees a changed condition of a check', () => {
    editSnapshot((text) => text.replace("'active', ", ''));
    expect(findDrift(schema, folder)).toEqual(['table installations differs']);
  });

  it('sees a migration whose statements are missing', () => {
    const { entries } = JSON.parse(readFileSync(join(folder, 'meta/_journal.json'), 'utf8'));
    rmSync(join(folder, `${entries[0].tag}.sql`));
    expect(findDrift(schema, folder)).toEqual([`${entries[0].tag}.sql is missing`]);
  });
});

describe('the migrations', () => {
  it('make the very tables that the schema describes', async () => {
    const migrated = await migratedDatabase();
    const described = await aDatabase();
    try {
      const statements = await generateMigration(generateDrizzleJson({}), generateDrizzleJson(schema));
      await inDatabase(described.master, (client) => client.query(statements.join(';\n')));

      const found = await inDatabase(migrated.master, catalogue);
      expect(found.length).toBeGreaterThan(100);
      expect(found).toEqual(await inDatabase(described.master, catalogue));
    } finally {
      await migrated.close();
      await described.drop();
    }
  });
});

/** Columns, constraints and indexes, as Postgres itself puts them. */
const catalogue = async (client: Client): Promise<unknown[]> => {
  const { rows } = await client.query(`
    select attrelid::regclass::text as of, format('%s %s %s %s %s', attname, format_type(atttypid, atttypmod),
           attnotnull, attidentity, pg_get_expr(adbin, adrelid)) as part
    from pg_attribute join pg_class on oid = attrelid left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0
    union all select conrelid::regclass::text, conname || ' ' || pg_get_constraintdef(oid)
    from pg_constraint where connamespace = 'public'::regnamespace
    union all select tablename, indexdef from pg_indexes where schemaname = 'public'
    order by 1, 2`);
  return rows;
};

const inDatabase = async <T>(master: Master, use: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client(master);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
};
