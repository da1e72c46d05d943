import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, toClientConfig } from '#db/database.ts';
import type { DatabaseConfig } from '#db/env.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { aLog } from '#test/support/fakes.ts';

describe('a connection with a password', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await migratedDatabase();
  });
  afterAll(() => database.close());

  it('has an end for every wait', async () => {
    const { rows } = await database.db.execute(sql`
      select current_setting('statement_timeout') as statement,
             current_setting('idle_in_transaction_session_timeout') as idle`);
    expect(rows).toEqual([{ statement: '5s', idle: '10s' }]);
    expect(toClientConfig(database.config)).toMatchObject({ connectionTimeoutMillis: 3_000 });
  });

  it('survives an idle connection that the server ends, and says so', async () => {
    const { log, lines } = aLog();
    const { db, close } = openDatabase(database.config, { max: 1, log });
    try {
      const { rows } = await db.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
      // the app role's own session: the master may not end it
      const other = openDatabase(database.config, { max: 1 });
      await other.db.execute(sql`select pg_terminate_backend(${rows[0]!.pid}, 5000)`);
      await other.close();
      await expect.poll(() => lines).toMatchObject([{ message: 'idle database connection lost' }]);

      expect((await db.execute(sql`select 1 as one`)).rows).toEqual([{ one: 1 }]);
    } finally {
      await close();
    }
  });

  it('is refused before it is tried without one', () => {
    expect(() => openDatabase({ ...database.config, DATABASE_PASSWORD: undefined })).toThrow(
      'DATABASE_AUTH is password but DATABASE_PASSWORD is not set',
    );
  });

  it('does not send the parameters to a log when a statement fails', async () => {
    const { db, close } = openDatabase({ ...database.config, DATABASE_PASSWORD: 'wrong-secret' });
    const error: unknown = await db.execute(sql`select 1`).catch((error: unknown) => error);
    await close();
    expect(error).toBeInstanceOf(Error);
    expect(JSON.stringify(error) + String(error)).not.toContain('wrong-secret');
  });
});

describe('a connection with IAM', () => {
  const config: DatabaseConfig = {
    DATABASE_HOST: '127.0.0.1',
    DATABASE_PORT: 5432,
    DATABASE_NAME: 'agent_bot',
    DATABASE_USER: 'app',
    DATABASE_AUTH: 'iam',
  };
  const variables = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'x' };
  const before = { ...process.env };
  beforeEach(() => void Object.assign(process.env, variables));
  afterEach(() => {
    process.env = { ...before };
  });

  it('takes a new token for this host, port and user for each connection', async () => {
    const { password } = toClientConfig(config);
    if (typeof password !== 'function') throw new Error('no token per connection');

    const token = new URL(`https://${await password()}`);

    expect(token.host).toBe('127.0.0.1:5432');
    expect(Object.fromEntries(token.searchParams)).toMatchObject({
      Action: 'connect',
      DBUser: 'app',
      'X-Amz-Expires': '900',
      'X-Amz-Credential': expect.stringMatching(/^AKIAEXAMPLE\/\d{8}\/eu-west-1\/rds-db\/aws4_request$/),
      'X-Amz-Signature': expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('trusts the roots of RDS and no others', () => {
    const { ssl } = toClientConfig(config);
    expect(ssl).toMatchObject({ rejectUnauthorized: true });
    expect(JSON.stringify(ssl)).toContain('BEGIN CERTIFICATE');
  });

  it('sends nothing to a server that does not speak TLS', async () => {
    const received: Buffer[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => {}); // the client cuts it
      socket.on('data', (data) => {
        received.push(data);
        socket.write('N'); // "no TLS here", in the protocol of Postgres
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // a server that listens has a port
    const { port } = server.address() as AddressInfo;
    const { db, close } = openDatabase({ ...config, DATABASE_PORT: port });
    try {
      await expect(db.execute(sql`select 1`)).rejects.toMatchObject({
        cause: { message: 'The server does not support SSL connections' },
      });
      // https://www.postgresql.org/docs/17/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SSLREQUEST
      expect(Buffer.concat(received).toString('hex')).toBe('0000000804d2162f');
    } finally {
      await close();
      server.close();
    }
  });
});
