import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pushSchema } from 'drizzle-kit/api';
import { drizzle } from 'drizzle-orm/node-postgres';
import { pgTable, text } from 'drizzle-orm/pg-core';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findDrift } from '#db/drift.ts';
import * as schema from '#db/schema.ts';
import { migratedDatabase } from '#test/support/database.ts';

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
    editSnapshot((text) => text.replace("'suspended', ", ''));
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
    const database = await migratedDatabase();
    const client = new Client(database.master);
    await client.connect();
    try {
      // drizzle-kit's types name another copy of the same driver
      const { statementsToExecute } = await pushSchema(schema, drizzle(client) as never);
      expect(statementsToExecute).toEqual([]);
    } finally {
      await client.end();
      await database.close();
    }
  });
});
