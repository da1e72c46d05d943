import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { generateDrizzleJson } from 'drizzle-kit/api';
import * as z from 'zod';

const journalSchema = z.object({ entries: z.array(z.object({ tag: z.string() })).nonempty() });
const snapshotSchema = z.looseObject({ tables: z.record(z.string(), z.unknown()) });

/**
 * Where the migrations do not hold what the schema says, in words; empty when they do. drizzle-kit leaves a snapshot
 * of the schema beside every migration: the last one is what the migrations lead to.
 */
export const findDrift = (schema: Record<string, unknown>, folder: string): string[] => {
  const { entries } = journalSchema.parse(readJson(join(folder, 'meta', '_journal.json')));
  const missing = entries.filter(({ tag }) => !existsSync(join(folder, `${tag}.sql`)));
  if (missing.length > 0) return missing.map(({ tag }) => `${tag}.sql is missing`);

  const number = entries.at(-1)?.tag.slice(0, 4);
  const stored = toSnapshot(readJson(join(folder, 'meta', `${number}_snapshot.json`)));
  const wanted = toSnapshot(generateDrizzleJson(schema));
  const drifted = Object.keys({ ...stored.tables, ...wanted.tables })
    .filter((table) => !isDeepStrictEqual(stored.tables[table], wanted.tables[table]))
    .map((table) => `table ${table.replace('public.', '')} differs`);
  if (drifted.length > 0 || isDeepStrictEqual(stored, wanted)) return drifted;
  return ['something beside the tables differs'];
};

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

/** As it would be read from a file, without the ids, which are random. */
const toSnapshot = (value: unknown) => {
  const { id: _id, prevId: _prevId, ...snapshot } = snapshotSchema.parse(JSON.parse(JSON.stringify(value)));
  return snapshot;
};
