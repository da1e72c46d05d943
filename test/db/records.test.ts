import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDeliveries } from '#db/deliveries.ts';
import { createInstallations } from '#db/installations.ts';
import { createRuns } from '#db/runs.ts';
import { createSessions } from '#db/sessions.ts';
import { createSpend } from '#db/spend.ts';
import { createTasks } from '#db/tasks.ts';
import { anInstallation } from '#test/builders.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { aRecordInput } from '#test/support/record-input.ts';

const sessionId = '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a001';
const usage = {
  inputTokens: 1200,
  outputTokens: 345,
  cacheReadTokens: 67,
  cacheWriteTokens: 8,
  costUsd: 0.4213,
  requests: 5,
};
const report = { usage, turns: 12, durationMs: 200_000, answer: 'done' };

let database: TestDatabase;
beforeAll(async () => {
  database = await migratedDatabase();
});
afterAll(() => database.close());
beforeEach(() => database.clear());

const aTask = (number = 1) => createTasks(database.db).record(aRecordInput({ thread: { number } }));

describe('installations', () => {
  it('are found by platform and tenant, with what was last said of them', async () => {
    const installations = createInstallations(database.db);
    await installations.upsert(anInstallation({ account: 'old-name' }));
    await installations.upsert(anInstallation({ account: 'octo-org' }));
    await installations.upsert(anInstallation({ tenantId: '4712', account: 'another' }));

    expect(await installations.get({ platform: 'github', tenantId: '4711' })).toEqual(anInstallation());
    expect(await installations.get({ platform: 'github', tenantId: '1' })).toBeUndefined();
    expect(await installations.list()).toHaveLength(2);
  });

  it('can be suspended', async () => {
    const installations = createInstallations(database.db);
    await installations.upsert(anInstallation());
    const key = { platform: 'github', tenantId: '4711' } as const;

    expect(await installations.setStatus({ ...key, status: 'suspended' })).toBe(true);
    expect(await installations.get(key)).toEqual(anInstallation({ status: 'suspended' }));
    expect(await installations.setStatus({ ...key, tenantId: '1', status: 'deleted' })).toBe(false);
  });
});

describe('deliveries', () => {
  const { delivery, thread, trigger } = aRecordInput();
  const refusal = { delivery, thread, triggerKey: trigger.key, command: null } as const;

  it('keep the first reason for which they were refused', async () => {
    const deliveries = createDeliveries(database.db);
    await deliveries.refuse({ ...refusal, reason: 'no_permission' });
    await deliveries.refuse({ ...refusal, reason: 'suspended' });

    expect(await deliveries.find(delivery)).toEqual({ kind: 'refused', reason: 'no_permission' });
    expect(await deliveries.find({ ...delivery, id: 'never seen' })).toBeUndefined();
  });

  it('keep a task that they have got', async () => {
    const deliveries = createDeliveries(database.db);
    const input = aRecordInput();
    const { id } = await createTasks(database.db).record(input);
    await deliveries.refuse({ ...refusal, delivery: input.delivery, reason: 'no_permission' });

    expect(await deliveries.find(input.delivery)).toEqual({ kind: 'task', taskId: id });
  });
});

describe('runs', () => {
  it('keep what one attempt used, as it was first told', async () => {
    const runs = createRuns(database.db);
    const held = { taskId: (await aTask()).id, fence: 1 };
    await runs.start({ ...held, sessionId });
    await runs.start({ ...held, sessionId: randomUUID() });

    expect(await runs.finish({ ...held, status: 'succeeded', report })).toBe(true);
    expect(await runs.finish({ ...held, status: 'failed', report })).toBe(false);
    expect(await database.query('select * from runs')).toMatchObject([
      {
        session_id: sessionId,
        status: 'succeeded',
        input_tokens: '1200',
        cache_write_tokens: '8',
        cost_usd: '0.421300',
        turns: 12,
        ended_at: expect.any(Date),
      },
    ]);
  });

  it('are counted only when they began', async () => {
    const held = { taskId: (await aTask()).id, fence: 1 };
    expect(await createRuns(database.db).finish({ ...held, status: 'failed', report })).toBe(false);
  });
});

describe('sessions', () => {
  it('are one per thread', async () => {
    const sessions = createSessions(database.db);
    expect(await sessions.get('thread')).toBeUndefined();

    await sessions.put({ threadKey: 'thread', sessionId, transcriptKey: null });
    await sessions.put({ threadKey: 'thread', sessionId, transcriptKey: 'sessions/1.jsonl' });

    expect(await sessions.get('thread')).toEqual({
      threadKey: 'thread',
      sessionId,
      transcriptKey: 'sessions/1.jsonl',
    });
  });
});

describe('spend', () => {
  it('counts each run once, for its task, its thread and who asked', async () => {
    const spend = createSpend(database.db);
    const first = await aTask();
    const second = await aTask();
    const elsewhere = await aTask(2);
    await spend.settle({ taskId: first.id, fence: 1, usd: 0.1 });
    await spend.settle({ taskId: first.id, fence: 1, usd: 0.1 });
    await spend.settle({ taskId: first.id, fence: 2, usd: 0.2 });
    await spend.settle({ taskId: second.id, fence: 1, usd: 1.000001 });
    await spend.settle({ taskId: elsewhere.id, fence: 1, usd: 5 });

    expect(await spend.totalOfTask(first.id)).toBe(0.3);
    expect(await spend.totalOfThread(first.threadKey)).toBe(1.300001);
    expect(await spend.totalOfTask(randomUUID())).toBe(0);
    expect(await database.query('select * from spend where fence = 2')).toMatchObject([
      { tenant_id: '4711', author_id: '21031067', platform: 'github', state: 'settled' },
    ]);
  });
});
