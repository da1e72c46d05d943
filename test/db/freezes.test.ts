import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toFreezeScope } from '#core/freeze.ts';
import { createBells } from '#db/bells.ts';
import { createFreezes } from '#db/freezes.ts';
import type { Freezes } from '#db/freezes.ts';
import { createTasks } from '#db/tasks.ts';
import type { Tasks } from '#db/tasks.ts';
import { aThread } from '#test/builders.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { aRecordInput } from '#test/support/record-input.ts';

describe('a freeze', () => {
  let database: TestDatabase;
  let tasks: Tasks;
  let freezes: Freezes;
  beforeAll(async () => {
    database = await migratedDatabase();
    tasks = createTasks(database.db);
    freezes = createFreezes(database.db);
  });
  afterAll(() => database.close());
  beforeEach(() => database.clear());

  const { repository, tenantId } = aThread();
  const scopeOf = (word: string) => toFreezeScope(word)!;
  const freeze = (word: string, reason = 'an incident') =>
    freezes.add({ scope: scopeOf(word), reason, by: 'ops' });
  const claim = (threadKey: string) => tasks.claim({ threadKey, workerId: randomUUID() });
  const frozen = { kind: 'waiting', reason: 'frozen' };

  it.each(['all', tenantId, repository.toUpperCase()])(
    'of %s stops what it covers, and says how much',
    async (word) => {
      const running = await tasks.record(aRecordInput());
      await claim(running.threadKey);
      const waiting = await tasks.record(aRecordInput({ thread: { number: 2 } }));
      await tasks.record(aRecordInput({ thread: { number: 3 } }));

      expect(await freeze(word)).toEqual({
        scope: scopeOf(word),
        reason: 'an incident',
        by: 'ops',
        at: expect.any(String),
        running: 1,
        waiting: 2,
        created: true,
      });
      expect(await claim(waiting.threadKey)).toEqual(frozen);
    },
  );

  it.each(['12', 'octo-org/other'])('of %s leaves others alone', async (word) => {
    const { threadKey } = await tasks.record(aRecordInput());
    expect(await freeze(word)).toMatchObject({ running: 0, waiting: 0 });
    expect(await claim(threadKey)).toMatchObject({ kind: 'claimed' });
  });

  it('is one however often it is asked for, and the first reason stays', async () => {
    await freeze('all', 'first');
    expect(await freeze('all', 'second')).toMatchObject({ created: false, reason: 'first' });
    expect(await freezes.list()).toHaveLength(1);
  });

  it('is heard at once by who listens', async () => {
    const listener = new Client(database.master);
    await listener.connect();
    try {
      await listener.query('listen agent_bot_tasks');
      const heard = once(listener, 'notification');
      await freeze('all');
      const [notice] = await heard;
      expect(notice).toMatchObject({ channel: 'agent_bot_tasks', payload: 'freeze' });
    } finally {
      await listener.end();
    }
  });

  it('ends with a thaw: what waited for it is queued again, and its ring is owed', async () => {
    const { id, threadKey } = await tasks.record(aRecordInput());
    await freeze('all');
    await claim(threadKey);
    expect(await freezes.thaw({ scope: 'all' })).toEqual({ kind: 'thawed', requeued: 1 });
    expect(await createBells(database.db).due({ limit: 5 })).toMatchObject([
      { ring: { taskId: id, generation: 1 } },
    ]);
    expect(await claim(threadKey)).toMatchObject({ kind: 'claimed' });
    expect(await freezes.list()).toEqual([]);
    expect(await freezes.thaw({ scope: 'all' })).toEqual({ kind: 'not_frozen' });
    expect(await freeze('all')).toMatchObject({ created: true });
  });

  it('goes on for what another one covers too', async () => {
    const { threadKey } = await tasks.record(aRecordInput());
    await freeze('all');
    await freeze(repository);
    await claim(threadKey);
    expect(await freezes.thaw({ scope: 'all' })).toEqual({ kind: 'thawed', requeued: 0 });
    expect(await claim(threadKey)).toEqual(frozen);
    expect(await freezes.list()).toMatchObject([{ scope: scopeOf(repository), running: 0, waiting: 1 }]);
    expect(await freezes.thaw({ scope: scopeOf(repository) })).toEqual({ kind: 'thawed', requeued: 1 });
  });

  it('ends no other wait', async () => {
    const { threadKey } = await tasks.record(aRecordInput());
    const claimed = await claim(threadKey);
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    const { fence, task } = claimed.job;
    await tasks.wait({ taskId: task.id, fence, reason: 'over_budget' });
    await freeze('all');
    expect(await freezes.thaw({ scope: 'all' })).toEqual({ kind: 'thawed', requeued: 0 });
    expect((await tasks.get(task.id))?.waitingReason).toBe('over_budget');
  });

  it('keeps nobody whose worker stepped aside only after the thaw', async () => {
    const { id, threadKey } = await tasks.record(aRecordInput());
    const claimed = await claim(threadKey);
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    await freeze('all');
    await freezes.thaw({ scope: 'all' });
    await tasks.wait({ taskId: id, fence: claimed.job.fence, reason: 'frozen' });
    expect(await createBells(database.db).due({ limit: 5 })).toMatchObject([{ ring: { taskId: id } }]);
  });
});
