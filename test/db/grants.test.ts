import { randomBytes } from 'node:crypto';
import { drizzle } from 'drizzle-orm/node-postgres';
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { grantApp } from '#db/grants.ts';
import { asMaster, migratedDatabase } from '#test/support/database.ts';

describe('an app role that comes by IAM', () => {
  it('has no password, is a member of rds_iam and loses a password that it had', async () => {
    const { master, close } = await migratedDatabase();
    const user = `iam_${randomBytes(4).toString('hex')}`;
    const client = new Client(master);
    await client.connect();
    try {
      await client.query(`create role ${user} login password 'old'`);
      await drizzle(client).transaction((tx) => grantApp(tx, { user, auth: 'iam' }));

      const { rows } = await client.query(
        `select pg_has_role('${user}', 'rds_iam', 'member') as member,
                has_table_privilege('${user}', 'tasks', 'select, insert, update') as writes`,
      );
      expect(rows).toEqual([{ member: true, writes: true }]);
      const old = new Client({ ...master, user, password: 'old' });
      await expect(old.connect()).rejects.toMatchObject({ code: '28P01' }); // invalid_password
    } finally {
      await client.end();
      await close(); // with it go the rights, which would hold the role
      await asMaster(`drop role ${user}`);
    }
  });
});
