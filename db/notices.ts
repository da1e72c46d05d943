// Postgres tells a worker at once what it would only see at its next beat: that its task shall stop, or that something was frozen.
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { Client } from 'pg';
import type { Log } from '#core/ports/log.ts';
import { describeError } from '#core/describe-error.ts';
import type { Queries } from './database.ts';
import { toClientConfig } from './database.ts';
import type { DatabaseConfig } from './env.ts';

const channel = 'agent_bot_tasks';
/** What a freeze says; a stop says the task's id. */
export const freezeNotice = 'freeze';

/** Heard when the transaction commits. https://www.postgresql.org/docs/17/sql-notify.html */
export const notify = (tx: Queries, notice: string) =>
  tx.execute(sql`select pg_notify(${channel}, ${notice})`);

/**
 * Calls `onNotice` for every notice until the returned function is called. A notice can get lost: without a connection
 * nobody listens, and the beats see it half a minute later. https://www.postgresql.org/docs/17/sql-listen.html
 */
export const listen = async (
  config: DatabaseConfig,
  { onNotice, log }: { onNotice: (notice: string) => void; log: Log },
): Promise<() => Promise<void>> => {
  const client = new Client({ ...toClientConfig(config), query_timeout: 6_000 });
  client.on('notification', ({ payload = '' }) => onNotice(payload));
  client.on('error', (error) => log.warn('notices are not heard any more', describeError(error)));
  try {
    await client.connect();
    await client.query(`listen ${channel}`);
  } catch (error) {
    log.warn('notices are not heard', describeError(error));
  }
  return async () => {
    const over = new AbortController();
    const ended = client.end().catch(() => {}); // it may have broken before
    await Promise.race([ended, delay(farewellMs, undefined, { signal: over.signal }).catch(() => {})]);
    over.abort();
  };
};

/** A connection on which nothing comes back any more would take a quarter of an hour to end. */
const farewellMs = 2_000;
