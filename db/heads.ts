// Which task of a thread comes next, in SQL: the same answer for who claims, who rings and who launches.
import type { SQL } from 'drizzle-orm';
import { sql } from 'drizzle-orm';
import { freezes, tasks } from './schema.ts';

export const isLeased = sql<boolean>`coalesce(${tasks.leaseUntil} > now(), false)`;
export const isGreeted = sql<boolean>`coalesce(${tasks.greetingUntil} > now(), false)`;

/** Every scope that covers the task (core/freeze.ts). */
export const scopes = sql`(
  'all',
  ${tasks.platform} || ':installation:' || (${tasks.thread}->>'tenantId'),
  ${tasks.platform} || ':repository:' || lower(${tasks.thread}->>'repository'))`;

/** Somebody froze everything, the installation or the repository. */
export const isFrozen = sql<boolean>`exists (
  select from ${freezes} where ${freezes.thawedAt} is null and ${freezes.scope} in ${scopes})`;

/** Open, and not one that lets the tasks behind it pass: an approval comes as one of them. */
export const holdsThread = sql<boolean>`(${tasks.status} in ('queued', 'running') or (${tasks.status} = 'waiting' and ${tasks.waitingReason} <> 'approval'))`;

/** The heads of threads that a worker could begin at once: exactly those that a claim would be given. */
export const readyHeads = (threadKey?: string): SQL => sql`
  select id, thread_key, seq, lane, was_begun, generation, rung_at from (
    select distinct on (${tasks.threadKey}) ${tasks.id}, ${tasks.threadKey}, ${tasks.seq}, ${tasks.lane},
           ${tasks.generation}, ${tasks.rungAt}, ${tasks.fence} > 0 as was_begun,
           ${tasks.status} <> 'waiting' and not ${isGreeted} and not ${isFrozen} as can_begin,
           bool_or(${isLeased}) over (partition by ${tasks.threadKey}) as is_taken
    from ${tasks} where ${holdsThread} ${threadKey === undefined ? sql`` : sql`and ${tasks.threadKey} = ${threadKey}`}
    order by ${tasks.threadKey}, ${tasks.seq}) as head
  where can_begin and not is_taken`;
