import { randomBytes, randomUUID } from 'node:crypto';
import type { LedgerInput } from '#core/ledger.ts';
import type { Request, Thread, Trigger } from '#core/task.ts';
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
