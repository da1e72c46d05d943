import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SpendCaps } from '#core/money.ts';
import type { Spend } from '#db/spend.ts';
import { createSpend } from '#db/spend.ts';
import type { Tasks } from '#db/tasks.ts';
import { createTasks } from '#db/tasks.ts';
import { createWorkers } from '#db/workers.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { recordAndTell } from '#test/support/record-input.ts';

let database: TestDatabase;
let spend: Spend;
let tasks: Tasks;
beforeAll(async () => {
  database = await migratedDatabase();
  spend = createSpend(database.db);
  tasks = createTasks(database.db);
});
afterAll(() => database.close());
beforeEach(() => database.clear());

const caps: SpendCaps = { task: 5, thread_day: 8, user_day: 12, installation_month: 20, all_month: 30 };
const wide: SpendCaps = { task: 99, thread_day: 99, user_day: 99, installation_month: 99, all_month: 99 };

const author = (id: string) => ({ trigger: { author: { id, login: `user-${id}` } } });
const aRun = async (changes: Parameters<typeof recordAndTell>[1] = {}) => {
  const { threadKey, id: taskId } = await recordAndTell(tasks, changes);
  const claimed = await tasks.claim({ threadKey, workerId: randomUUID() });
  if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
  return { taskId, fence: claimed.job.fence };
};
const used = async (over: Partial<SpendCaps>, run: { taskId: string; fence: number }) => {
  const got = await spend.reserve({ ...run, wantUsd: 99, caps: { ...wide, ...over } });
  return got.kind === 'granted' ? got.usd : got;
};

describe('money for a run', () => {
  it('is set aside before it is spent, as much as the tightest cap leaves', async () => {
    const run = await aRun();
    expect(await spend.reserve({ ...run, wantUsd: 3, caps })).toEqual({ kind: 'granted', usd: 3 });
    const other = await aRun({ thread: { number: 2 }, ...author('1') });
    expect(await spend.reserve({ ...other, wantUsd: 9, caps })).toEqual({ kind: 'granted', usd: 5 });
  });

  it('is the same when it is asked for again, and settled once', async () => {
    const run = await aRun();
    await spend.reserve({ ...run, wantUsd: 3, caps });
    expect(await spend.reserve({ ...run, wantUsd: 1, caps })).toEqual({ kind: 'granted', usd: 3 });
    await spend.settle({ ...run, usd: 0.5 });
    await spend.settle({ ...run, usd: 0.9 });
    expect(await spend.totalOfTask(run.taskId)).toBe(0.5);
    expect(await database.query('select reserved_usd, state from spend')).toEqual([
      { reserved_usd: '0.000000', state: 'settled' },
    ]);
  });

  it.each<[keyof SpendCaps, { thread?: { number?: number; tenantId?: string }; trigger?: object }]>([
    ['user_day', { thread: { number: 2 } }],
    ['installation_month', { thread: { number: 2 }, ...author('9') }],
    ['all_month', { thread: { number: 2, tenantId: '99' }, ...author('9') }],
  ])('counts what others have set aside under the cap %s', async (cap, elsewhere) => {
    const first = await aRun();
    await spend.reserve({ ...first, wantUsd: 4, caps: wide });
    expect(await used({ [cap]: 10 }, await aRun(elsewhere))).toBe(6);
  });

  it('counts what the thread spent today', async () => {
    const first = await aRun();
    await spend.settle({ ...first, usd: 4 });
    await tasks.finish({ ...first, outcome: { status: 'expired' } });
    expect(await used({ thread_day: 10 }, await aRun(author('9')))).toBe(6);
  });

  it('says which cap leaves nothing, and when it begins anew', async () => {
    const first = await aRun();
    await spend.reserve({ ...first, wantUsd: 5, caps: wide });
    const run = await aRun({ thread: { number: 2 } });
    const now = new Date();
    const tomorrow = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));
    const nextMonth = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
    expect(await used({ user_day: 5 }, run)).toEqual({ kind: 'refused', cap: 'user_day', until: tomorrow });
    expect(await used({ all_month: 5 }, run)).toEqual({
      kind: 'refused',
      cap: 'all_month',
      until: nextMonth,
    });
  });

  it('of yesterday counts for the month, of last month for nothing', async () => {
    const run = await aRun();
    await spend.settle({ ...run, usd: 4 });
    const next = await aRun({ thread: { number: 2 } });
    await database.query(
      "update spend set day = (date_trunc('month', now() at time zone 'utc') - interval '1 day')::date",
    );
    expect(await used({ user_day: 4, installation_month: 4, all_month: 4 }, next)).toBe(4);
  });

  it('is never given twice, however many ask at once', async () => {
    const runs = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        aRun({ thread: { number: index + 1 }, ...author(String(index)) }),
      ),
    );
    const granted = await Promise.all(
      runs.map((run) => spend.reserve({ ...run, wantUsd: 3, caps: { ...wide, all_month: 10 } })),
    );
    const sum = granted.reduce((total, got) => total + (got.kind === 'granted' ? got.usd : 0), 0);
    expect(sum).toBe(10);
  });
});

describe('money of a run whose worker died', () => {
  const expire = () => database.query("update tasks set lease_until = now() - interval '16 minutes'");

  it('costs the next attempt what was known to be spent, and no more', async () => {
    const first = await aRun();
    await spend.reserve({ ...first, wantUsd: 5, caps });
    await spend.note({ ...first, usd: 2 });
    await spend.note({ ...first, usd: 1.5 }); // told late
    await expire();
    const { rows } = { rows: await database.query('select thread_key from tasks') };
    const again = await tasks.claim({ threadKey: String(rows[0]!['thread_key']), workerId: randomUUID() });
    if (again.kind !== 'claimed') throw new Error(again.kind);
    const run = { taskId: first.taskId, fence: again.job.fence };
    expect(await spend.reserve({ ...run, wantUsd: 5, caps })).toEqual({ kind: 'granted', usd: 3 });
  });

  it('is given back by the next plan, once nobody can hold the run any more', async () => {
    const run = await aRun();
    await spend.reserve({ ...run, wantUsd: 5, caps });
    await spend.note({ ...run, usd: 2 });
    const other = await aRun({ thread: { number: 2 } });
    await createWorkers(database.db).plan({ cap: 1, warm: 0, capacity: 'on_demand' });
    expect(await used({ user_day: 6 }, other)).toBe(1);

    await database.query('delete from spend where task_id = $1', [other.taskId]);
    await expire();
    await createWorkers(database.db).plan({ cap: 1, warm: 0, capacity: 'on_demand' });
    expect(await used({ user_day: 6 }, other)).toBe(4);
  });

  it('is not changed by what a worker says after it was settled', async () => {
    const run = await aRun();
    await spend.reserve({ ...run, wantUsd: 5, caps });
    await spend.settle({ ...run, usd: 1 });
    await spend.note({ ...run, usd: 3 });
    expect(await spend.totalOfTask(run.taskId)).toBe(1);
  });
});
