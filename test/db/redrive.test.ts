import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeMessage } from '#core/messages.ts';
import { aDelivery, anInstallation } from '#test/builders.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { storedOn } from '#test/support/stored.ts';

let database: TestDatabase;
let stored: ReturnType<typeof storedOn>;
beforeAll(async () => {
  database = await migratedDatabase();
  stored = storedOn(database);
});
afterAll(() => database.close());
beforeEach(() => database.clear());

describe('a redrive', () => {
  it.each(['id', 'letterId'] as const)('brings a dead task back, named by its %s', async (name) => {
    const dead = await stored.aDeadTask();
    expect(await stored.operations.redrive({ ref: dead[name], force: false })).toEqual({
      kind: 'requeued',
      id: dead.id,
      step: 'received',
    });
    expect((await stored.claim(dead.threadKey)).taskId).toBe(dead.id);
    expect((await stored.letters.list({ which: 'all', limit: 5 })).letters).toMatchObject([
      { id: dead.letterId, state: 'redriven' },
    ]);
    expect(await stored.letters.toRedrive({ limit: 5 })).toEqual([]);
  });

  it('is for dead tasks alone', async () => {
    const { id, threadKey } = await stored.aTask();
    await stored.end(threadKey);
    expect(await stored.operations.redrive({ ref: id, force: true })).toEqual({
      kind: 'not_dead',
      id,
      status: 'failed',
    });
    expect(await stored.operations.redrive({ ref: '0000', force: false })).toEqual({ kind: 'not_found' });
  });

  it('after a newer task of the thread has ended says so, and is done when it is asked for all the same', async () => {
    const dead = await stored.aDeadTask();
    const newer = await stored.aTask();
    await stored.end(newer.threadKey);

    expect(await stored.operations.redrive({ ref: dead.id, force: false })).toEqual({
      kind: 'newer_ended',
      id: dead.id,
      newer: newer.id,
    });
    expect((await stored.tasks.get(dead.id))?.task.status).toBe('dead');
    expect(await stored.operations.redrive({ ref: dead.id, force: true })).toMatchObject({
      kind: 'requeued',
    });
  });

  it('of a request that never became a task marks it for the inbox until somebody has sent it, once', async () => {
    const body = encodeMessage(aDelivery());
    const { id } = await stored.aLetter(body);
    await stored.letters.announced({ id });
    expect(await stored.letters.toRedrive({ limit: 5 })).toEqual([]);

    expect(await stored.operations.redrive({ ref: id.slice(0, 8), force: false })).toEqual({
      kind: 'to_inbox',
      id,
    });
    await stored.letters.announced({ id }); // a late one of before
    expect(await stored.letters.toRedrive({ limit: 5 })).toEqual([{ id, groupId: 'g', body }]);
    expect((await stored.letters.list({ which: 'all', limit: 5 })).letters).toMatchObject([
      { state: 'to_redrive' },
    ]);

    await stored.letters.redriven({ id });
    expect(await stored.letters.toRedrive({ limit: 5 })).toEqual([]);
    expect((await stored.letters.list({ which: 'all', limit: 5 })).letters).toMatchObject([
      { state: 'redriven' },
    ]);
    expect(await stored.letters.list({ which: 'kept', limit: 5 })).toEqual({ letters: [], more: false });
    expect(await stored.operations.redrive({ ref: id, force: false })).toEqual({ kind: 'already', id });
  });

  it('of such a request asks too whether the thread has gone on', async () => {
    const { id } = await stored.aLetter(encodeMessage(aDelivery()));
    const newer = await stored.aTask();
    await stored.end(newer.threadKey);
    expect(await stored.operations.redrive({ ref: id, force: false })).toMatchObject({
      kind: 'newer_ended',
      newer: newer.id,
    });
    expect(await stored.operations.redrive({ ref: id, force: true })).toEqual({ kind: 'to_inbox', id });
  });

  it('brings back the news of an installation, and refuses what is no message', async () => {
    const installation = anInstallation();
    const news = await stored.aLetter(
      encodeMessage(aDelivery({ event: { kind: 'installation', installation } })),
    );
    expect(await stored.operations.redrive({ ref: news.id, force: false })).toMatchObject({
      kind: 'to_inbox',
    });
    const { id } = await stored.aLetter('{');
    expect(await stored.operations.redrive({ ref: id, force: false })).toEqual({ kind: 'unreadable', id });
  });
});
