import { randomBytes, randomUUID } from 'node:crypto';
import type { LedgerInput, LedgerOutput } from '#core/ledger.ts';
import type { Request, Thread, Trigger } from '#core/task.ts';
import type { Tasks } from '#db/tasks.ts';
import { aRequest, aThread, aTrigger } from '#test/builders.ts';

type Record = LedgerInput<'tasks.record'>;
type Changes = {
  delivery?: Partial<Record['delivery']>;
  thread?: Partial<Thread>;
  trigger?: Partial<Trigger>;
  request?: Partial<Request>;
};

/** A request that nobody has made before; with the same trigger, delivery id or body it is one that somebody has. */
export const aRecordInput = ({ delivery, thread, trigger, request }: Changes = {}): Record => ({
  delivery: {
    platform: 'github',
    id: randomUUID(),
    bodySha256: randomBytes(32).toString('hex'),
    receivedAt: '2026-01-02T03:04:05.000Z',
    ...delivery,
  },
  thread: aThread(thread),
  trigger: aTrigger({ key: `issue_comment:${randomUUID()}`, ...trigger }),
  request: aRequest(request),
});

/** Recorded, and the person was told its place where there is one: a worker may begin it when its turn comes. */
export const recordAndTell = async (
  tasks: Tasks,
  changes: Changes = {},
): Promise<LedgerOutput<'tasks.record'>> => {
  const task = await tasks.record(aRecordInput(changes));
  if (task.greet) await tasks.greeted({ taskId: task.id, commentId: null });
  return task;
};
