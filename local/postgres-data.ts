// A data folder: made once, reused by every later start.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Binaries } from './postgres-binaries.ts';
import { makeData } from './postgres-init.ts';

const roleSchema = z.object({ user: z.string(), password: z.string() });
const credentialsSchema = z.object({ superuser: roleSchema, master: roleSchema });
/** Random, and kept beside the data in a file that only the starter's own user reads. */
export type Credentials = z.infer<typeof credentialsSchema>;

export type DataFolder = { path: string; credentials: Credentials };

type Input = { home: string; binaries: Binaries; durable: boolean };

/** An initdb that was interrupted leaves nothing that a later start takes for data. */
export const openDataFolder = async ({ home, binaries, durable }: Input): Promise<DataFolder> => {
  const path = join(home, 'data');
  const secretsFile = join(home, 'credentials.json');
  if (existsSync(path)) return { path, credentials: readCredentials(secretsFile) };

  const credentials = createCredentials();
  const half = join(home, 'data.half');
  for (const left of [half, secretsFile]) rmSync(left, { recursive: true, force: true });
  writeFileSync(secretsFile, JSON.stringify(credentials), { mode: 0o600 });
  await makeData({ folder: half, superuser: credentials.superuser, initdb: binaries.initdb, durable });
  renameSync(half, path);
  return { path, credentials };
};

const createCredentials = (): Credentials => ({
  superuser: { user: 'rdsadmin', password: randomBytes(24).toString('base64url') },
  master: { user: 'agent_bot_master', password: randomBytes(24).toString('base64url') },
});

const readCredentials = (file: string): Credentials => {
  try {
    return credentialsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new Error(`${file} does not hold the passwords of the data beside it: remove the folder it is in`, {
      cause: error,
    });
  }
};
