import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createBells } from '#db/bells.ts';
import { listen } from '#db/notices.ts';
import type { Tasks } from '#db/tasks.ts';
import { createTasks } from '#db/tasks.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { aLog } from '#test/support/fakes.ts';
import { aRecordInput, recordAndTell } from '#test/support/record-input.ts';

let database: TestDatabase;
let tasks: Tasks;
beforeAll(async () => {
  database = await migratedDatabase();
  tasks = createTasks(database.db);
});
afterAll(() => database.close());
beforeEach(() => database.clear());

const aStop = () => aRecordInput({ request: { command: 'stop', text: '' } });
const claim = async (threadKey: string) => {
  const claimed = await tasks.claim({ threadKey, workerId: randomUUID() });
  if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
  return claimed.job;
};

describe('a request to stop', () => {
  it('is done by recording it, and says so again when it is repeated', async () => {
    await recordAndTell(tasks);
    await recordAndTell(tasks);
    const stop = aStop();
    const first = await tasks.record(stop);
    expect(first).toMatchObject({ created: true, status: 'succeeded', greet: null });
    expect(first.answer).toContain('the 2 tasks');
    expect(await tasks.record(stop)).toMatchObject({ id: first.id, created: false, answer: first.answer });
  });

  it('tells the worker that holds the task, at once and at each question', async () => {
    const { threadKey } = await recordAndTell(tasks);
    const { task, fence } = await claim(threadKey);
    const heard = Promise.withResolvers<string>();
    const deaf = await listen(database.config, { onNotice: heard.resolve, log: aLog().log });
    await tasks.record(aStop());
    expect(await heard.promise).toBe(task.id);
    expect(await tasks.renew({ taskId: task.id, fence })).toEqual({ kind: 'stop', by: 'octo-dev' });
    await deaf();
  });

  it('brings what nobody runs to a worker, which learns who asked', async () => {
    const { threadKey } = await recordAndTell(tasks);
    const held = await claim(threadKey);
    await tasks.wait({ taskId: held.task.id, fence: held.fence, reason: 'model_away', afterMs: 1_000_000 });
    await tasks.record(aStop());
    expect(await createBells(database.db).due({ limit: 10 })).toMatchObject([
      { ring: { taskId: held.task.id } },
    ]);
    expect(await claim(threadKey)).toMatchObject({ task: { id: held.task.id }, stopBy: 'octo-dev' });
  });

  it('finds nothing to stop, and says that', async () => {
    expect((await tasks.record(aStop())).answer).toContain('nothing to stop');
  });

  it('stops nothing on another thread, and nothing that comes later', async () => {
    const other = await recordAndTell(tasks, { thread: { number: 2 } });
    await tasks.record(aStop());
    const later = await recordAndTell(tasks);
    expect(await claim(other.threadKey)).toMatchObject({ stopBy: null });
    expect(await claim(later.threadKey)).toMatchObject({ stopBy: null });
  });
});
