// Column types of the schema that drizzle does not bring.
import type { SQL } from 'drizzle-orm';
import { sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { customType, timestamp } from 'drizzle-orm/pg-core';
import type * as z from 'zod';

/** jsonb that is parsed when it is read: what an older version stored is checked before anyone trusts it. */
export const jsonOf = <S extends z.ZodType>(schema: S) =>
  customType<{ data: z.infer<S>; driverData: unknown }>({
    dataType: () => 'jsonb',
    toDriver: (value) => toJson(value),
    fromDriver: (value) => schema.parse(value),
  });

/** An instant; every one that decides something is written by the database's own clock. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

/** JSON text that jsonb takes, whatever a person or the agent wrote. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'string' ? storable(inner) : inner));

/** Postgres stores no U+0000 and no half of a surrogate pair: both become U+FFFD. https://www.postgresql.org/docs/17/datatype-json.html */
export const storable = (text: string): string => text.toWellFormed().replaceAll('\u0000', '\ufffd');

/** For a CHECK: the column holds one of the words. */
export const oneOf = (column: PgColumn, words: readonly string[]): SQL =>
  sql`${column} in (${sql.raw(words.map((word) => `'${word}'`).join(', '))})`;
