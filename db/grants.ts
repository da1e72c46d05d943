import type { SQL } from 'drizzle-orm';
import { getTableName, is, sql } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import { escapeLiteral } from 'pg';
import type { Queries } from './database.ts';
import * as schema from './schema.ts';

/** The role of ledger and worker. With IAM it has no password: a token is the only way in. */
export type AppRole = { user: string } & ({ auth: 'iam' } | { auth: 'password'; password: string });

type AppRoleInput = { user: string; auth: AppRole['auth']; password: string | undefined };

export const toAppRole = ({ user, auth, password }: AppRoleInput): AppRole => {
  if (auth === 'iam') return { user, auth };
  if (!password) throw new Error(`the app role ${user} needs a password where it does not come by IAM`);
  return { user, auth, password };
};

/**
 * The app role and exactly its rights: it reads and writes rows of our tables. It deletes nothing and changes no
 * table. What it had been given beside that is taken back. Identity columns need no right on their sequences.
 */
export const grantApp = async (tx: Queries, app: AppRole): Promise<void> => {
  const user = sql.identifier(app.user);
  await assertOtherRole(tx, app.user);
  await createRole(tx, app);
  const database = sql.identifier(await currentDatabase(tx));
  for (const statement of [
    sql`revoke all on database ${database} from public, ${user}`, // public could make temporary tables
    sql`grant connect on database ${database} to ${user}`,
    sql`revoke create on schema public from public, ${user}`,
    sql`grant usage on schema public to ${user}`,
    sql`revoke all on all tables in schema public from ${user}`,
    sql`grant select, insert, update on table ${tables} to ${user}`,
    sql`alter default privileges in schema public grant select, insert, update on tables to ${user}`,
  ])
    await tx.execute(statement);
};

const tables: SQL = sql.join(
  Object.values(schema).flatMap((part) => (is(part, PgTable) ? [sql.identifier(getTableName(part))] : [])),
  sql`, `,
);

const assertOtherRole = async (tx: Queries, user: string) => {
  const { rows } = await tx.execute(
    sql`select from (select current_user) as me where current_user = ${user}`,
  );
  if (rows.length > 0) throw new Error(`the app role must be another role than the master (${user})`);
};

const createRole = async (tx: Queries, app: AppRole) => {
  const user = sql.identifier(app.user);
  const { rows } = await tx.execute(sql`select from pg_roles where rolname = ${app.user}`);
  if (rows.length === 0) await tx.execute(sql`create role ${user} login`);
  if (app.auth === 'password') {
    // ALTER ROLE takes no parameters
    await tx.execute(sql`alter role ${user} login password ${sql.raw(escapeLiteral(app.password))}`);
  } else {
    await tx.execute(sql`alter role ${user} login password null`);
    // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
    await tx.execute(sql`grant rds_iam to ${user}`);
  }
};

const currentDatabase = async (tx: Queries): Promise<string> => {
  const { rows } = await tx.execute<{ name: string }>(sql`select current_database() as name`);
  const [row] = rows;
  if (!row) throw new Error('Postgres does not say which database this is');
  return row.name;
};
