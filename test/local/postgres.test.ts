import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { binariesInReach, nativeFolder } from '#local/postgres-binaries.ts';
import { freePort, startServer } from '#local/postgres-server.ts';
import { parseDatabaseUrl, postgresFromUrl } from '#local/postgres-url.ts';
import type { StartedPostgres } from '#local/postgres.ts';
import { startPostgres } from '#local/postgres.ts';

const source = new URL('../../local/postgres.ts', import.meta.url).href;
const isRoot = process.getuid?.() === 0;

const aStateDir = () => {
  const path = mkdtempSync(join(tmpdir(), 'postgres-test-'));
  chmodSync(path, 0o755);
  return path;
};

type Place = Pick<StartedPostgres, 'host' | 'port' | 'database' | 'master'>;
const ask = async ({ host, port, database, master }: Place, text: string, as = master) => {
  const client = new Client({ host, port, database, ...as });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
};

describe('the Postgres of this machine', () => {
  let stateDir: string;
  let postgres: StartedPostgres;
  beforeAll(async () => {
    stateDir = aStateDir();
    postgres = await startPostgres({ stateDir, durable: false });
  });
  afterAll(async () => {
    await postgres.close();
    rmSync(stateDir, { recursive: true, force: true });
  });

  it('has the roles of RDS: a master that is no superuser and gives rds_iam on', async () => {
    const [role] = await ask(
      postgres,
      'select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication from pg_roles where rolname = current_user',
    );
    expect(role).toEqual({
      rolsuper: false,
      rolcreaterole: true,
      rolcreatedb: true,
      rolbypassrls: false,
      rolreplication: false,
    });
    await ask(postgres, 'create role app; grant rds_iam to app; drop role app');
    const [owner] = await ask(
      postgres,
      'select datdba::regrole::text as owner from pg_database where datname = current_database()',
    );
    expect(owner).toEqual({ owner: postgres.master.user });
    await expect(ask(postgres, "copy (select 1) to program 'id'")).rejects.toMatchObject({ code: '42501' });
  });

  it('lets nobody in without the right password', async () => {
    const { user } = postgres.master;
    await expect(ask(postgres, 'select 1', { user, password: 'wrong' })).rejects.toMatchObject({
      code: '28P01',
    });
    const [method] = await ask(
      postgres,
      'select array_agg(distinct auth_method) as methods from pg_hba_file_rules',
      postgres.superuser,
    );
    expect(method).toEqual({ methods: ['scram-sha-256'] });
  });

  it('listens on the loopback address and on no Unix socket', async () => {
    const [settings] = await ask(
      postgres,
      `select current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets`,
      postgres.superuser,
    );
    expect(settings).toEqual({ addresses: '127.0.0.1', sockets: '' });
  });

  it('keeps its passwords where only the starter reads them', () => {
    const file = join(postgres.folder, 'credentials.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(file).uid).toBe(process.getuid?.());
    expect(readFileSync(file, 'utf8')).toContain(postgres.master.password);
  });

  it.runIf(isRoot)(
    'runs as a user without a name when we are root, behind a folder that it alone enters',
    () => {
      const { uid, gid } = statSync(`/proc/${postgres.pid}`);
      expect([uid, gid]).toEqual([70_432, 70_432]);
      expect(readFileSync('/etc/passwd', 'utf8')).not.toContain(':70432:');
      const folder = statSync(postgres.folder);
      expect([folder.uid, folder.gid, folder.mode & 0o777]).toEqual([0, 70_432, 0o710]);
      const data = statSync(join(postgres.folder, 'data'));
      expect([data.uid, data.mode & 0o777]).toEqual([70_432, 0o700]);
    },
  );

  it.runIf(process.platform === 'linux')('gets nothing of our environment', () => {
    const environment = readFileSync(`/proc/${postgres.pid}/environ`, 'utf8').split('\0');
    expect(environment.filter((line) => /^(LC_ALL|TZ|PG\w*)=/.test(line)).toSorted()).toEqual(
      environment.filter((line) => line !== '').toSorted(),
    );
  });

  it('can be used by its URL, with a database that is not there yet', async () => {
    const { host, port, master } = postgres;
    const url = `postgresql://${master.user}:${encodeURIComponent(master.password)}@${host}:${port}/another`;

    const found = await postgresFromUrl(url);

    expect(await ask(found, 'select current_database() as name')).toEqual([{ name: 'another' }]);
    await (await postgresFromUrl(url)).close();
    await found.close();
    expect(await ask(postgres, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('says which URL did not work, without its password', async () => {
    const { host, port } = postgres;
    await expect(postgresFromUrl(`postgres://nobody:hidden@${host}:${port}/x`)).rejects.toThrow(
      `DATABASE_URL: no connection to ${host}:${port} as nobody`,
    );
  });
});

describe('a start after a start', () => {
  let stateDir: string;
  let running: StartedPostgres[];
  beforeEach(() => {
    stateDir = aStateDir();
    running = [];
  });
  afterEach(async () => {
    for (const postgres of running) await postgres.close();
    rmSync(stateDir, { recursive: true, force: true });
  });
  const start = async (input: Partial<Parameters<typeof startPostgres>[0]> = {}) => {
    const postgres = await startPostgres({ stateDir, durable: false, ...input });
    running.push(postgres);
    return postgres;
  };
  const stop = async () => running.pop()!.close();

  it('finds the data and the passwords of the last one, and begins anew after half an initdb', async () => {
    mkdirSync(join(stateDir, 'postgres', 'data.half'), { recursive: true });
    writeFileSync(join(stateDir, 'postgres', 'data.half', 'PG_VERSION'), '17');
    const first = await start();
    await ask(first, 'create table kept as select 1 as one');
    await stop();
    expect(existsSync(join(first.folder, 'data', 'postmaster.pid'))).toBe(false);

    const second = await start();

    expect(second.master).toEqual(first.master);
    expect(await ask(second, 'select * from kept')).toEqual([{ one: 1 }]);
  });

  it('takes over after a kill -9 of the house, whose Postgres still runs', async () => {
    const house = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { startPostgres } = await import(${JSON.stringify(source)});
         const { pid } = await startPostgres({ stateDir: ${JSON.stringify(stateDir)}, durable: false });
         process.stdout.write(String(pid)); setInterval(() => {}, 1000);`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const pid = Number((await once(house.stdout, 'data'))[0]);
    house.kill('SIGKILL');
    await once(house, 'exit');
    expect(() => process.kill(pid, 0)).not.toThrow();

    const next = await start();

    expect(next.pid).not.toBe(pid);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await ask(next, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('recovers after a kill -9 of Postgres itself', async () => {
    const first = await start({ durable: true });
    await ask(first, 'create table kept as select 1 as one');
    process.kill(first.pid!, 'SIGKILL');
    await first.close();
    running.pop();
    expect(existsSync(join(first.folder, 'data', 'postmaster.pid'))).toBe(true);

    expect(await ask(await start(), 'select * from kept')).toEqual([{ one: 1 }]);
  });

  it('tries another port when somebody takes the first one', async () => {
    const { folder } = await start();
    await stop();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = (other.address() as AddressInfo).port; // a server that listens has a port
    const ports = [Promise.resolve(taken), freePort()];
    const lines: string[] = [];
    try {
      const server = await startServer(
        {
          data: join(folder, 'data'),
          binaries: binariesInReach(nativeFolder(), stateDir),
          durable: false,
          log: (line) => lines.push(line),
        },
        () => ports.shift()!,
      );
      await server.stop();
      expect(server.port).not.toBe(taken);
      expect(lines.join('\n')).toContain('Address already in use');
    } finally {
      other.close();
    }
  });

  it('is not kept from it by a process that has the number of the old one', async () => {
    const first = await start();
    await stop();
    writeFileSync(join(first.folder, 'data', 'postmaster.pid'), `${process.pid}\n`);

    expect(await ask(await start(), 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it.runIf(isRoot)('uses a folder under /var/tmp where Postgres cannot enter the state folder', async () => {
    chmodSync(stateDir, 0o700);
    const inside = join(stateDir, 'state');
    const postgres = await start({ stateDir: inside });
    try {
      expect(postgres.folder).toMatch(/^\/var\/tmp\/agent-bot-[0-9a-f]{12}\/postgres$/);
      expect(await ask(postgres, 'select 1 as one')).toEqual([{ one: 1 }]);
    } finally {
      await stop();
      rmSync(join(postgres.folder, '..'), { recursive: true, force: true });
    }
  });

  it.runIf(isRoot)('copies programs that Postgres cannot reach', async () => {
    const closed = join(stateDir, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const native = join(closed, 'native');
    symlinkSync(nativeFolder(), native);

    const postgres = await start({ native });

    expect(readlinkSync(`/proc/${postgres.pid}/exe`)).toBe(
      join(stateDir, 'postgres-17.10.0', 'bin', 'postgres'),
    );
  });
});

describe('DATABASE_URL', () => {
  it('names user, password, host, port and database, with escapes', () => {
    expect(parseDatabaseUrl('postgres://a%40b:p%2Fw@[::1]:6000/my%20db')).toEqual({
      host: '::1',
      port: 6000,
      database: 'my db',
      master: { user: 'a@b', password: 'p/w' },
    });
    expect(parseDatabaseUrl('postgresql://u:p@db')).toMatchObject({ port: 5432, database: 'agent_bot' });
  });

  it.each([
    '',
    'mysql://u:hidden@h/d',
    'postgres://u@h/d',
    'u:hidden@h',
    'postgres://u:hidden@h/d?sslmode=require',
  ])('is refused as %j, without repeating a password', (url) => {
    expect(() => parseDatabaseUrl(url)).toThrow(/^DATABASE_URL(?!.*hidden)/);
  });
});
