// Time passes at once: SQS's clock jumps, and what Postgres keeps of moments to come or just gone moves back by as much.
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import type { Clock } from '#local/clock.ts';
import type { LocalPostgres } from '#local/postgres.ts';

type Row = Record<string, unknown>;
export type Query = (text: string, values?: unknown[]) => Promise<Row[]>;

/** As the owner of everything, with a connection per question: Postgres may have been cut down in between. */
export const createQuery =
  ({ host, port, master, database }: Pick<LocalPostgres, 'host' | 'port' | 'master' | 'database'>): Query =>
  (text, values) =>
    patiently(async () => {
      const client = new Client({ host, port, ...master, database });
      client.on('error', () => {}); // the query's own failure tells
      try {
        await client.connect();
        return (await client.query<Row>(text, values)).rows;
      } finally {
        await client.end().catch(() => {}); // it may be cut already
      }
    });

/** A server that is cut down answers nothing, and one that has just been started refuses for a moment. */
const patiently = async <T>(ask: () => Promise<T>, tries = 100): Promise<T> => {
  try {
    return await ask();
  } catch (error) {
    const isAway =
      error instanceof Error && 'code' in error && /^(?:E[A-Z]+|57P0\d)$/.test(String(error.code));
    const isCut = error instanceof Error && error.message.startsWith('Connection terminated');
    if (tries === 0 || !(isAway || isCut)) throw error;
    await wait(100);
    return await patiently(ask, tries - 1);
  }
};

const moments = {
  tasks: ['lease_until', 'greeting_until', 'wait_until', 'rung_at'],
  workers: ['launched_at', 'heartbeat_at', 'stop_asked_at'],
};

export const createPass = (clock: Clock, query: Query) => async (seconds: number) => {
  clock.advance(seconds * 1_000);
  for (const [table, columns] of Object.entries(moments)) {
    const moved = columns.map((column) => `${column} = ${column} - make_interval(secs => $1)`);
    await query(`update ${table} set ${moved.join(', ')}`, [seconds]);
  }
};
