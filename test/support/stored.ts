// Tasks and dead letters as they come to lie in a database of the test's own.
import { randomUUID } from 'node:crypto';
import { encodeMessage } from '#core/messages.ts';
import type { Outcome } from '#core/task.ts';
import { createDeadLetters } from '#db/dead-letters.ts';
import { createOperations } from '#db/operations.ts';
import { createTasks } from '#db/tasks.ts';
import type { TestDatabase } from '#test/support/database.ts';
import type { aRecordInput } from '#test/support/record-input.ts';
import { recordAndTell } from '#test/support/record-input.ts';

export const failed: Outcome = { status: 'failed', reason: 'nothing_done', detail: '' };

export const storedOn = ({ db }: Pick<TestDatabase, 'db'>) => {
  const tasks = createTasks(db);
  const letters = createDeadLetters(db);

  const aTask = async (changes: Parameters<typeof aRecordInput>[0] = {}) =>
    await recordAndTell(tasks, changes);
  const claim = async (threadKey: string) => {
    const claimed = await tasks.claim({ threadKey, workerId: randomUUID() });
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    return { taskId: claimed.job.task.id, fence: claimed.job.fence, job: claimed.job };
  };
  /** Ends the thread's next task. */
  const end = async (threadKey: string, outcome: Outcome = failed) => {
    const { taskId, fence } = await claim(threadKey);
    await tasks.finish({ taskId, fence, outcome });
  };
  const aLetter = async (body: string) => {
    const recorded = await letters.record({
      messageId: randomUUID(),
      queue: 'tasks-normal.fifo',
      groupId: 'g',
      body,
      reason: 'received too often',
    });
    if (recorded.kind !== 'recorded') throw new Error(recorded.kind);
    return recorded;
  };
  const aDeadTask = async (changes: Parameters<typeof aRecordInput>[0] = {}) => {
    const task = await aTask(changes);
    const { id: taskId, threadKey, generation } = task;
    const letter = await aLetter(encodeMessage({ version: 1, threadKey, taskId, generation }));
    return { ...task, letterId: letter.id };
  };
  return { tasks, letters, operations: createOperations(db), aTask, claim, end, aLetter, aDeadTask };
};
