import { Client, escapeIdentifier, escapeLiteral } from 'pg';

type Role = { user: string; password: string };
type Input = { host: string; port: number; superuser: Role; master: Role; database: string };

/**
 * What RDS sets up before it hands over: a master that is no superuser, the role that IAM users get, and a database of
 * the master's own. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html
 */
export const ensureRoles = async ({ host, port, superuser, master, database }: Input): Promise<void> => {
  const client = new Client({
    host,
    port,
    ...superuser,
    database: 'postgres',
    connectionTimeoutMillis: 10_000,
  });
  await client.connect();
  const has = async (catalog: 'pg_roles where rolname' | 'pg_database where datname', name: string) =>
    (await client.query(`select from ${catalog} = $1`, [name])).rows.length > 0;
  try {
    const owner = escapeIdentifier(master.user);
    if (!(await has('pg_roles where rolname', master.user)))
      await client.query(
        `create role ${owner} login createrole createdb password ${escapeLiteral(master.password)}`,
      );
    if (!(await has('pg_roles where rolname', 'rds_iam'))) await client.query('create role rds_iam nologin');
    // to give it on, not to be it: with rds_iam its own password would not count any more
    await client.query(`grant rds_iam to ${owner} with admin option, inherit false, set false`);
    if (!(await has('pg_database where datname', database)))
      await client.query(`create database ${escapeIdentifier(database)} owner ${owner}`);
  } finally {
    await client.end();
  }
};
