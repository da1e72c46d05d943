// A uid for one run, from a range: what a run leaves running or lying about is never the next one's. Workers that share a
// machine, as on a laptop, share the folder; on Fargate each has its own.
import { randomInt, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isAlive, startOf } from './processes.ts';

export type UidRange = {
  /** The supervisor's own: a file in it is a uid that is taken, and says by which process. */
  folder: string;
  first: number;
  count: number;
  /** Ends and removes what is left of a uid. */
  clear: (uid: number) => Promise<void>;
};

export type LeasedUid = {
  uid: number;
  /** Where nothing of the agent has run. */
  release: () => Promise<void>;
  /** Clears it first. Where that fails it stays taken, and another worker clears it once this one is gone. */
  giveBack: () => Promise<void>;
};

const ownerSchema = z.object({ pid: z.int().positive(), started: z.string().min(1) });
type Owner = z.infer<typeof ownerSchema>;

export const leaseUid = async (range: UidRange): Promise<LeasedUid> => {
  const { folder, first, count, clear } = range;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const note = join(folder, `note-${randomUUID()}`);
  const owner: Owner = { pid: process.pid, started: await startOf('self') };
  await writeFile(note, JSON.stringify(owner), { mode: 0o600 });
  try {
    const start = randomInt(count);
    for (let tried = 0; tried < count; tried += 1) {
      const uid = first + ((start + tried) % count);
      const file = join(folder, String(uid));
      if (!(await take({ range, note, file, uid }))) continue;
      const release = () => unlink(file);
      return { uid, release, giveBack: () => clear(uid).then(release) };
    }
  } finally {
    await rm(note, { force: true });
  }
  throw new Error(`no uid from ${first} to ${first + count - 1} is free`);
};

type Attempt = { range: UidRange; note: string; file: string; uid: number };

const take = async ({ range, note, file, uid }: Attempt): Promise<boolean> => {
  if (await isLinked(note, file)) {
    if (!(await isAlive(uid))) return true;
    await unlink(file); // somebody else's, who knows nothing of this folder
    return false;
  }
  const owner = await ownerOf(file);
  if (!owner || (await isRunning(owner))) return false;
  // of all who see that it is gone one may take over: the name of this file is its right to, once and for all
  if (!(await isLinked(note, `${file}-after-${owner.pid}-${owner.started}`))) return false;
  await range.clear(uid);
  await unlink(file);
  return await isLinked(note, file);
};

/** A link comes about whole or not at all, and never twice under one name. */
const isLinked = async (from: string, to: string): Promise<boolean> => {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
};

const ownerOf = async (file: string): Promise<Owner | undefined> => {
  const text = await readFile(file, 'utf8').catch(() => ''); // it was given back in the meantime
  return text === '' ? undefined : ownerSchema.parse(JSON.parse(text));
};

const isRunning = async ({ pid, started }: Owner): Promise<boolean> => (await startOf(pid)) === started;
