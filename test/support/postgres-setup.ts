// One Postgres for a whole test run, and in it a migrated database that the tests copy. TEST_DATABASE_URL names another.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { migrateDatabase } from '#db/migrate.ts';
import { postgresFromUrl } from '#local/postgres-url.ts';
import type { LocalPostgres } from '#local/postgres.ts';
import { startPostgres } from '#local/postgres.ts';

type Role = { user: string; password: string };
export type TestPostgres = { host: string; port: number; master: Role; app: Role; template: string };

declare module 'vitest' {
  // declaration merging is how vitest learns of it
  // oxlint-disable-next-line typescript/consistent-type-definitions
  export interface ProvidedContext {
    postgres: TestPostgres;
  }
}

export const migrationsFolder = fileURLToPath(new URL('../../db/migrations', import.meta.url));

export const setup = async ({ provide }: TestProject) => {
  const { postgres, close } = await open(process.env['TEST_DATABASE_URL']);
  const { host, port, master } = postgres;
  const id = randomBytes(4).toString('hex');
  const template = `template_${id}`;
  const app = { user: `app_${id}`, password: randomBytes(12).toString('hex') };
  const asMaster = async (...statements: string[]) => {
    const client = new Client({ host, port, ...master, database: postgres.database });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  };
  await asMaster(`create database ${template}`);
  await migrateDatabase({
    master: { host, port, ...master, database: template, tls: false },
    app: { ...app, auth: 'password' },
    migrationsFolder,
  });
  provide('postgres', { host, port, master, app, template });
  return async () => {
    try {
      await asMaster(`drop database ${template}`, `drop role ${app.user}`);
    } finally {
      await close();
    }
  };
};

const open = async (
  url: string | undefined,
): Promise<{ postgres: LocalPostgres; close: () => Promise<void> }> => {
  if (url) {
    const postgres = await postgresFromUrl(url);
    return { postgres, close: postgres.close };
  }
  const stateDir = mkdtempSync(join(tmpdir(), 'agent-bot-postgres-'));
  chmodSync(stateDir, 0o755); // as root, Postgres runs as another user
  const remove = () => rmSync(stateDir, { recursive: true, force: true });
  try {
    const postgres = await startPostgres({ stateDir, durable: false });
    return { postgres, close: () => postgres.close().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
};
