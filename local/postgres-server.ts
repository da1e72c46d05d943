// One run of the postgres program on a data folder.
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Binaries } from './postgres-binaries.ts';
import { postgresUser } from './postgres-binaries.ts';

export const host = '127.0.0.1';

export type Server = { port: number; pid: number; stop: () => Promise<void> };

type Input = { data: string; binaries: Binaries; durable: boolean; log: (line: string) => void };

type Attempt =
  | { kind: 'started'; server: Server }
  | { kind: 'port_taken' }
  /** Processes of a killed server still end. */
  | { kind: 'still_in_use' }
  | { kind: 'failed'; lines: string[] };

/** Starts on a free port of the loopback address; a port that somebody takes first costs one more attempt. */
export const startServer = async (input: Input, nextPort = freePort): Promise<Server> => {
  await endOrphan(input.data);
  for (let attempt = 1; ; attempt += 1) {
    const result = await tryStart(input, await nextPort());
    if (result.kind === 'started') return result.server;
    if (result.kind === 'failed' || attempt === 10)
      throw new Error(
        `Postgres did not start: ${result.kind === 'failed' ? result.lines.join('\n') : result.kind}`,
      );
    if (result.kind === 'still_in_use') await new Promise((resolve) => setTimeout(resolve, 200));
  }
};

const tryStart = async ({ data, binaries, durable, log }: Input, port: number): Promise<Attempt> => {
  const child = spawn(binaries.postgres, toArguments({ data, port, durable }), {
    ...postgresUser,
    cwd: data,
    env: { LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true, // Ctrl-C in the terminal ends the house, and the house ends Postgres last
  });
  const lines: string[] = [];
  const ready = new Promise<'ready'>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      if (lines.length > 20) lines.shift();
      log(line);
      if (line.includes('database system is ready to accept connections')) resolve('ready');
    });
  });
  const ended = once(child, 'close').catch((error: unknown) => {
    lines.push(String(error));
  });
  if ((await Promise.race([ready, ended])) === 'ready')
    return { kind: 'started', server: toServer(child, port) };
  // the words of the C locale are the program's interface here: it has no exit codes for these
  if (lines.some((line) => line.includes('Address already in use'))) return { kind: 'port_taken' };
  if (lines.some((line) => line.includes('is still in use'))) return { kind: 'still_in_use' };
  return { kind: 'failed', lines };
};

const toArguments = ({ data, port, durable }: { data: string; port: number; durable: boolean }): string[] => {
  const settings = {
    listen_addresses: host,
    // no socket in a folder that others can enter: with TCP everyone needs a password
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    max_connections: '100',
    shared_buffers: '32MB',
    // a vacuum worker is the superuser's: while it looks at a database, nobody else can drop it
    ...(!durable && {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      autovacuum: 'off',
    }),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', data, '-p', String(port), ...flags];
};

const toServer = (child: ChildProcess, port: number): Server => {
  const { pid } = child;
  if (pid === undefined) throw new Error('a process that wrote a line has no id');
  const ended =
    child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve();
  // https://www.postgresql.org/docs/17/server-shutdown.html
  const stop = async () => {
    child.kill('SIGINT'); // fast: open transactions are rolled back, nobody is waited for
    const timer = setTimeout(() => child.kill('SIGQUIT'), 10_000);
    await ended;
    clearTimeout(timer);
  };
  return { port, pid, stop };
};

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no free port');
  return address.port;
};

/** Ends the server that a killed house left running on this data; forgets one that is gone. */
const endOrphan = async (data: string) => {
  const pid = readPid(data);
  if (pid === undefined) return;
  if (isPostgresOn(pid, data)) await end(pid);
  // the id may be another process's by now, which Postgres would take for a running server
  else rmSync(join(data, 'postmaster.pid'), { force: true });
};

const end = async (pid: number) => {
  const deadline = Date.now() + 10_000;
  for (
    let name: NodeJS.Signals = 'SIGINT';
    isRunning(pid);
    name = Date.now() > deadline ? 'SIGQUIT' : 'SIGINT'
  ) {
    process.kill(pid, name);
    await new Promise((resolve) => setTimeout(resolve, 100)); // no child of ours: its end is no event
  }
};

const readPid = (data: string): number | undefined => {
  try {
    const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined; // it was stopped properly
  }
};

const isPostgresOn = (pid: number, data: string): boolean => {
  try {
    return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).includes(
      `-D ${data} `,
    );
  } catch {
    return false; // ps ends with 1 when there is no such process
  }
};

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // it ended
  }
};
