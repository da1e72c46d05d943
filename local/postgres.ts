// A real Postgres for this machine, with the roles that RDS has.
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { binariesInReach, nativeFolder, postgresUser } from './postgres-binaries.ts';
import { openDataFolder } from './postgres-data.ts';
import { ensureRoles } from './postgres-roles.ts';
import { host, startServer } from './postgres-server.ts';
import { folderInReach } from './reach.ts';

export type LocalPostgres = {
  host: string;
  port: number;
  database: string;
  /** Owns the database and may create roles; no superuser, as on RDS. */
  master: { user: string; password: string };
  /** Where its files are; undefined for one that was not started here. */
  folder: string | undefined;
  /** The process to end should the house be killed. */
  pid: number | undefined;
  close: () => Promise<void>;
};

/** RDS keeps its superuser to itself: nothing but a test may use this one. */
export type StartedPostgres = LocalPostgres & {
  superuser: { user: string; password: string };
  folder: string;
};

type Input = {
  stateDir: string;
  /** The server's own log, line by line. */
  log?: (line: string) => void;
  /** false for tests: faster, and a power failure may lose everything. */
  durable?: boolean;
  /** That of an earlier start: who was connected then finds it again. */
  port?: number;
  /** The folder with bin, lib and share; that of npm's package when left out. */
  native?: string;
};

export const database = 'agent_bot';

/**
 * The state folder, or one under /var/tmp where Postgres's user cannot enter it (`folder` says which). A start after a
 * kill takes over what was left.
 */
export const startPostgres = async ({
  stateDir,
  log = () => {},
  durable = true,
  port: wantedPort,
  native = nativeFolder(),
}: Input): Promise<StartedPostgres> => {
  const reachable = folderInReach(resolve(stateDir));
  const folder = join(reachable, 'postgres');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (postgresUser) {
    chownSync(folder, 0, postgresUser.gid);
    chmodSync(folder, 0o710); // Postgres passes through, nobody else
  }
  const binaries = binariesInReach(native, reachable);
  const { path, credentials } = await openDataFolder({ home: folder, binaries, durable });
  const { port, pid, stop } = await startServer(
    { data: path, binaries, durable, log },
    wantedPort === undefined ? undefined : () => Promise.resolve(wantedPort),
  );
  const { superuser, master } = credentials;
  try {
    await ensureRoles({ host, port, superuser, master, database });
  } catch (error) {
    await stop();
    throw error;
  }
  return { host, port, database, master, superuser, folder, pid, close: stop };
};
