import { execFile } from 'node:child_process';
import { lchownSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { postgresUser } from './postgres-binaries.ts';

const run = promisify(execFile);

type Input = {
  folder: string;
  superuser: { user: string; password: string };
  initdb: string;
  durable: boolean;
};

/** Runs initdb; at its end the folder is Postgres's user's own. */
export const makeData = async ({ folder, superuser, initdb, durable }: Input): Promise<void> => {
  const user = await initdbUser();
  const passwordFile = `${folder}.password`;
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(passwordFile, superuser.password, { mode: 0o600 });
  if (user) for (const path of [folder, passwordFile]) lchownSync(path, user.uid, user.gid);
  try {
    const args = toArguments({ folder, passwordFile, name: superuser.user });
    await run(initdb, durable ? args : [...args, '--no-sync'], {
      ...user,
      cwd: folder,
      env: { LC_ALL: 'C', TZ: 'UTC' },
      timeout: 60_000,
    });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  if (postgresUser) giveAll(folder, postgresUser);
};

const toArguments = ({
  folder,
  passwordFile,
  name,
}: {
  folder: string;
  passwordFile: string;
  name: string;
}) => {
  const flags = {
    pgdata: folder,
    username: name,
    pwfile: passwordFile,
    auth: 'scram-sha-256',
    encoding: 'UTF8',
    // the same order of text on every machine, whatever locales it has
    locale: 'C',
    'locale-provider': 'builtin',
    'builtin-locale': 'C.UTF-8',
  };
  return Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
};

/**
 * initdb, unlike postgres, wants a user that the machine has a name for. `nobody` is one everywhere; the group is
 * Postgres's, and only that group may pass into the folder, so other processes of nobody stay outside.
 */
const initdbUser = async () => {
  if (!postgresUser) return undefined;
  const { stdout } = await run('id', ['-u', 'nobody']);
  return { uid: Number(stdout), gid: postgresUser.gid };
};

const giveAll = (folder: string, { uid, gid }: { uid: number; gid: number }) => {
  lchownSync(folder, uid, gid);
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    lchownSync(join(folder, name), uid, gid);
};
