// A database that is slow, silent, gone, or answers to nobody: every wait ends, and a verb that is asked again has one effect.
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OpenDatabase } from '#db/database.ts';
import { DatabaseAwayError } from '#db/named.ts';
import { listen } from '#db/notices.ts';
import { createSpend } from '#db/spend.ts';
import type { Held, Tasks } from '#db/tasks.ts';
import { createTasks } from '#db/tasks.ts';
import { aLog } from '#test/support/fakes.ts';
import type { OwnPostgres } from '#test/support/own-postgres.ts';
import { startOwnPostgres } from '#test/support/own-postgres.ts';
import { aRecordInput } from '#test/support/record-input.ts';
import { wideCaps } from '#test/support/worker-house.ts';
import { patient } from '#worker/lease/patience.ts';

let postgres: OwnPostgres;
let database: OpenDatabase;
let tasks: Tasks;
beforeAll(async () => {
  postgres = await startOwnPostgres();
});
afterAll(() => postgres.close());
beforeEach(() => {
  database = postgres.open({ max: 1 });
  tasks = createTasks(database.db);
});
afterEach(async () => {
  await database.close();
  await postgres.query('truncate tasks, deliveries, spend, runs restart identity cascade');
});

const claim = async (): Promise<Held> => {
  const { threadKey } = await tasks.record(aRecordInput());
  const claimed = await tasks.claim({ threadKey, workerId: randomUUID() });
  if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
  return { taskId: claimed.job.task.id, fence: claimed.job.fence };
};
const rowOf = async ({ taskId }: Held) =>
  (await postgres.query('select * from tasks where id = $1', [taskId]))[0];
const count = async (table: string) => (await postgres.query(`select from ${table}`)).length;

describe('a connection on which nothing comes back any more', () => {
  it('ends the verb, and is not given to the next one', async () => {
    const held = await claim();
    postgres.proxy.silence();
    await expect(tasks.renew(held)).rejects.toThrow(DatabaseAwayError);
    expect(await tasks.renew(held)).toEqual({ kind: 'held' });
  });

  it('ends a transaction at its beginning, and is not given to the next one', async () => {
    const input = aRecordInput();
    await tasks.record(input);
    postgres.proxy.silence();
    await expect(tasks.record(input)).rejects.toThrow(DatabaseAwayError);
    expect(await tasks.record(input)).toMatchObject({ created: false });
  });

  it('keeps nobody who wants to end', async () => {
    await claim();
    const other = postgres.open();
    await other.db.execute(sql`select 1`);
    const stopListening = await listen(postgres.config, { onNotice: () => {}, log: aLog().log });
    postgres.proxy.silence();
    expect(await Promise.all([other.close(), stopListening()])).toHaveLength(2);
  });
});

describe('a connection that is not there', () => {
  it('is waited for shortly when the server does not answer', async () => {
    postgres.proxy.ignoreConnections(1);
    await expect(tasks.nextOpen('any')).rejects.toThrow(DatabaseAwayError);
    expect(await tasks.nextOpen('any')).toBeUndefined();
  });

  it('is waited for shortly when others hold all there are', async () => {
    const go = Promise.withResolvers<void>();
    const holds = Promise.withResolvers<void>();
    const held = database.db.transaction(async () => {
      holds.resolve();
      await go.promise;
    });
    await holds.promise;
    await expect(tasks.nextOpen('any')).rejects.toThrow(DatabaseAwayError);
    go.resolve();
    await held;
    expect(await tasks.nextOpen('any')).toBeUndefined();
  });
});

describe('a session that the server ends', () => {
  const terminate = 'select pg_terminate_backend($1, 5000)';
  const moments = {
    'between two statements': async (pid: number, locker: Client) => {
      await locker.query(terminate, [pid]);
      return { ended: Promise.resolve() };
    },
    'in the middle of a statement': async (pid: number, locker: Client) => ({
      ended: postgres.waitUntilBlocked(1).then(async () => void (await locker.query(terminate, [pid]))),
    }),
  };

  it.each(Object.entries(moments))('%s fails its transaction and nothing else', async (_, end) => {
    const input = aRecordInput();
    await tasks.record(input);
    const locker = await postgres.session();
    await locker.query('begin');
    await locker.query('lock table tasks in access exclusive mode');
    let ended: Promise<void> = Promise.resolve();
    const failed = database.db.transaction(async (tx) => {
      const { rows } = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
      ({ ended } = await end(rows[0]?.pid ?? 0, locker));
      await tx.execute(sql`select from tasks`);
    });
    expect(await failed.catch((error: unknown) => error)).toBeInstanceOf(Error);
    await ended;
    await locker.end();
    expect(await tasks.record(input)).toMatchObject({ created: false });
  });
});

describe('a lock that somebody holds', () => {
  it('is waited for until the statement’s time is over', async () => {
    const held = await claim();
    const locker = await postgres.session();
    await locker.query('begin');
    await locker.query('lock table tasks in access exclusive mode');
    await expect(tasks.renew(held)).rejects.toThrow('tasks.renew failed: 57014');
    await locker.end();
    expect(await tasks.renew(held)).toEqual({ kind: 'held' });
  });

  it('that waits for ours in turn costs one more try', async () => {
    const first = await tasks.record(aRecordInput());
    const second = await tasks.record(aRecordInput());
    await tasks.greeted({ taskId: second.id, commentId: null });
    const other = await postgres.session();
    await other.query("set deadlock_timeout = '60s'"); // so it is never the one that is given up
    await other.query('begin');
    await other.query('update tasks set updated_at = now() where id = $1', [second.id]);
    const { log, lines } = aLog();
    const claimed = patient(tasks.claim, { forMs: 60_000, log })({
      threadKey: first.threadKey,
      workerId: randomUUID(),
    });
    await postgres.waitUntilBlocked(1);
    await other.query('update tasks set updated_at = now() where id = $1', [first.id]);
    await other.query('commit');
    expect(await claimed).toMatchObject({ kind: 'claimed', job: { task: { id: first.id }, attempt: 1 } });
    expect(lines).toMatchObject([{ fields: { detail: 'tasks.claim failed: 40P01 deadlock detected' } }]);
    await other.end();
  });
});

describe('a verb whose answer was lost after it was done', () => {
  /** Asks as a worker or a queue does; the connection breaks after Postgres did it. */
  const askTwice = async <T>(answer: string, ask: () => Promise<T>): Promise<T> => {
    const isCut = postgres.proxy.cutAtAnswer(answer);
    const { log, lines } = aLog();
    const given = await patient(ask, { forMs: 60_000, log })();
    await isCut;
    expect(lines).toHaveLength(1);
    return given;
  };

  it('records one task', async () => {
    const input = aRecordInput();
    await tasks.nextOpen('any');
    expect(await askTwice('COMMIT', () => tasks.record(input))).toMatchObject({ created: false });
    expect([await count('tasks'), await count('deliveries')]).toEqual([1, 1]);
  });

  it('claims for the same worker, as one attempt, under a new fence', async () => {
    const { threadKey } = await tasks.record(aRecordInput());
    const workerId = randomUUID();
    expect(await askTwice('COMMIT', () => tasks.claim({ threadKey, workerId }))).toMatchObject({
      kind: 'claimed',
      job: { attempt: 1, fence: 2 },
    });
  });

  it('sets one sum aside', async () => {
    const held = await claim();
    const spend = createSpend(database.db);
    const ask = () => spend.reserve({ ...held, wantUsd: 1, caps: wideCaps });
    expect(await askTwice('COMMIT', ask)).toEqual({ kind: 'granted', usd: 1 });
    expect(await count('spend')).toBe(1);
  });

  it('settles a sum once', async () => {
    const held = await claim();
    const spend = createSpend(database.db);
    await askTwice('INSERT 0 1', () => spend.settle({ ...held, usd: 0.5 }));
    expect(await spend.totalOfTask(held.taskId)).toBe(0.5);
  });

  it('stores one step', async () => {
    const held = await claim();
    const ask = () => tasks.advance({ ...held, step: 'cloned', facts: { baseBranch: 'main' } });
    expect(await askTwice('UPDATE 1', ask)).toBe(true);
    expect(await rowOf(held)).toMatchObject({ step: 'cloned', facts: { baseBranch: 'main' } });
  });

  it('ends the task once, and says so to who ended it', async () => {
    const held = await claim();
    const outcome = { status: 'expired' } as const;
    expect(await askTwice('UPDATE 1', () => tasks.finish({ ...held, outcome }))).toBe(true);
    const before = await rowOf(held);
    expect(before).toMatchObject({ status: 'expired' });
    expect(await tasks.finish({ ...held, outcome: { status: 'cancelled', by: 'demo' } })).toBe(false);
    expect(await tasks.finish({ ...held, fence: held.fence + 1, outcome })).toBe(false);
    expect(await rowOf(held)).toEqual(before);
  });
});

describe('the password of the app role', () => {
  it('may change while connections are open: they go on, and new ones need the new one', async () => {
    const held = await claim();
    await postgres.migrate('another password of the app');
    try {
      expect(await tasks.renew(held)).toEqual({ kind: 'held' });
      const other = createTasks(postgres.open().db);
      const refused: unknown = await other.renew(held).catch((error: unknown) => error);
      // nothing that a wait would heal: the process ends, and the next one starts with the new password
      expect(refused).not.toBeInstanceOf(DatabaseAwayError);
      expect(String(refused)).toContain('28P01');
    } finally {
      await postgres.migrate();
    }
  });
});
