import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JobFacts } from '#core/job.ts';
import type { Outcome } from '#core/task.ts';
import { createTasks } from '#db/tasks.ts';
import type { Held, Tasks } from '#db/tasks.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { aRecordInput } from '#test/support/record-input.ts';

const outcomes: Outcome[] = [
  { status: 'succeeded', result: { kind: 'answer' }, summary: 'why it fails' },
  { status: 'failed', reason: 'nothing_done', detail: 'no change, no words' },
  { status: 'cancelled', by: 'octo-dev' },
  { status: 'timed_out', afterMs: 60_000 },
  { status: 'expired' },
];

describe('a task that a worker holds', () => {
  let database: TestDatabase;
  let tasks: Tasks;
  let held: Held;
  let threadKey: string;
  beforeAll(async () => {
    database = await migratedDatabase();
    tasks = createTasks(database.db);
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.clear();
    ({ threadKey } = await tasks.record(aRecordInput()));
    held = await claim();
  });

  const claim = async (): Promise<Held> => {
    const claimed = await tasks.claim({ threadKey, workerId: randomUUID() });
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    return { taskId: claimed.job.task.id, fence: claimed.job.fence };
  };
  const moveLease = (interval: string) =>
    database.query(`update tasks set lease_until = now() + interval '${interval}'`);
  const row = async () => (await database.query('select * from tasks where id = $1', [held.taskId]))[0]!;

  const writes: Record<string, (held: Held) => Promise<boolean>> = {
    renew: async (held) => (await tasks.renew(held)).kind === 'held',
    advance: (held) => tasks.advance({ ...held, step: 'ran', facts: { branch: 'agent/1' } }),
    finish: (held) => tasks.finish({ ...held, outcome: outcomes[0]! }),
    wait: (held) => tasks.wait({ ...held, reason: 'frozen' }),
    release: (held) => tasks.release(held),
  };
  const names = Object.keys(writes);

  it.each(names)('refuses %s from a worker whose task another one took over', async (name) => {
    await moveLease('-1 second');
    const next = await claim();
    const before = await row();

    expect(await writes[name]!(held)).toBe(false);
    expect(await row()).toEqual(before);
    expect(await writes[name]!(next)).toBe(true);
  });

  it.each(['advance', 'finish'])('refuses %s when the lease has run out', async (name) => {
    await moveLease('-1 second');
    const before = await row();

    expect(await writes[name]!(held)).toBe(false);
    expect(await row()).toEqual(before);
  });

  it.each(names)('refuses %s once the task is finished', async (name) => {
    await tasks.finish({ ...held, outcome: outcomes[2]! });
    const before = await row();

    expect(await writes[name]!(held)).toBe(false);
    expect(await row()).toEqual(before);
  });

  it('can be renewed late, as long as nobody else took it', async () => {
    await moveLease('-1 second');

    expect(await tasks.renew(held)).toEqual({ kind: 'held' });
    const [left] = await database.query('select extract(epoch from lease_until - now()) as s from tasks');
    expect(Number(left!['s'])).toBeGreaterThan(85);
  });

  it('gathers facts over its steps', async () => {
    const facts: JobFacts = { baseBranch: 'main', baseSha: 'abc', commentId: '1' };
    await tasks.advance({ ...held, step: 'cloned', facts });
    await tasks.advance({ ...held, step: 'ran', facts: { patchKey: null, commentId: '2' } });

    expect(await tasks.get(held.taskId)).toMatchObject({
      task: { step: 'ran' },
      facts: { ...facts, patchKey: null, commentId: '2' },
    });
  });

  it('keeps an answer of the agent that Postgres itself would refuse', async () => {
    const usage = {
      inputTokens: 1,
      outputTokens: 1,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      costUsd: 0.1,
      requests: 1,
    };
    const report = { usage, turns: 1, durationMs: 1, answer: 'a\u0000b\ud800' };

    expect(await tasks.advance({ ...held, step: 'ran', facts: { report } })).toBe(true);
    expect((await tasks.get(held.taskId))?.facts.report?.answer).toBe('a\ufffdb\ufffd');
  });

  it.each(outcomes)('ends as $status, with its outcome and without a lease', async (outcome) => {
    expect(await tasks.finish({ ...held, outcome })).toBe(true);

    expect(await tasks.get(held.taskId)).toMatchObject({
      task: { status: outcome.status, step: 'done' },
      outcome,
    });
    expect(await row()).toMatchObject({
      lease_owner: null,
      lease_until: null,
      finished_at: expect.any(Date),
    });
  });

  it('can be claimed again at once when it was given back, with its steps', async () => {
    await tasks.advance({ ...held, step: 'cloned', facts: {} });
    await tasks.release(held);

    expect(await claim()).toEqual({ taskId: held.taskId, fence: held.fence + 1 });
    expect((await tasks.get(held.taskId))?.task.step).toBe('cloned');
  });

  it.each([
    ['a final state without an outcome', "status = 'failed', lease_owner = null, lease_until = null"],
    [
      'an outcome of another state',
      `status = 'failed', outcome = '{"status":"expired"}', finished_at = now(), lease_owner = null, lease_until = null`,
    ],
    ['running without an owner', 'lease_owner = null, lease_until = null'],
    ['an owner without an end', 'lease_until = null'],
    ['waiting for nothing', "status = 'waiting', lease_owner = null, lease_until = null"],
    ['an unknown lane', "lane = 'express'"],
  ])('cannot be stored with %s', async (_, change) => {
    await expect(database.query(`update tasks set ${change}`)).rejects.toThrow('violates check constraint');
  });
});
