import type { SQL } from 'drizzle-orm';
import { sql } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

/** For a uuid's column: the ids that begin so. A range, so that the primary key finds it. */
export const beginsWith = (id: PgColumn, reference: string): SQL => {
  const digits = reference.replaceAll('-', '').slice(0, 32);
  return sql`${id} between ${digits.padEnd(32, '0')}::uuid and ${digits.padEnd(32, 'f')}::uuid`;
};

type Named = { id: string };
export type Unclear = { kind: 'not_found' } | { kind: 'ambiguous'; ids: string[] };

/** The only one of what was found, or why there is no such one. Whoever looks asks for two at least. */
export const only = <T extends Named>(found: readonly T[]): { kind: 'one'; one: T } | Unclear => {
  const [one, ...others] = found;
  if (!one) return { kind: 'not_found' };
  return others.length === 0 ? { kind: 'one', one } : { kind: 'ambiguous', ids: found.map(({ id }) => id) };
};
