// When the house has come to rest: what was in the inbox is triaged, who was poked has looked, and no worker runs.
import * as z from 'zod';
import type { Entry, Journal } from '#local/journal.ts';

type Deps = {
  journal: Journal;
  depths: () => Promise<Record<string, { waiting: number; inFlight: number }>>;
  /** Cleans up after a worker that was killed, as the end of its container would. */
  bury: () => Promise<void>;
};

const receivedSchema = z.object({ queue: z.literal('inbox.fifo'), messageIds: z.array(z.string()) });
const batchSchema = z.object({ failed: z.array(z.string()) });

const deadlineMs = 30_000;

/** A worker that did not end by itself: 128 + the signal, as docker counts. */
export const isKilled = ({ call, status }: Entry) => call === 'task STOPPED' && status > 128;

export const createRest = ({ journal, depths, bury }: Deps) => {
  const counts = { pokes: 0, looks: 0, running: 0 };
  /** Messages that triage failed at: they come back when time has passed. */
  const failed = new Set<string>();
  let burying = Promise.resolve();
  const count = (entry: Entry) => {
    const { twin, call, status, detail } = entry;
    if (twin === 'lambda-api' && call === 'Invoke reconcile' && status === 202) counts.pokes += 1;
    // one that failed is tried again, up to three times
    if (twin === 'lambda' && call === 'reconcile' && status === 200) counts.looks += 1;
    if (call === 'reconcile event dropped') counts.looks += 1;
    if (call === 'ReceiveMessage') takeReceived(detail);
    if (twin === 'event-source') takeBatch(detail);
    if (twin !== 'ecs') return;
    if (call === 'task RUNNING') counts.running += 1;
    if (call === 'task STOPPED') counts.running -= 1;
    if (isKilled(entry)) burying = burying.then(bury);
  };
  /** Triage has it in its hands again. */
  const takeReceived = (detail: unknown) => {
    for (const id of receivedSchema.safeParse(detail).data?.messageIds ?? []) failed.delete(id);
  };
  const takeBatch = (detail: unknown) => {
    for (const id of batchSchema.safeParse(detail).data?.failed ?? []) failed.add(id);
  };
  const stop = journal.listen(count);

  const isAtRest = async () => {
    const inbox = (await depths())['inbox.fifo'];
    const isTriaged = inbox?.waiting === 0 && inbox.inFlight <= failed.size;
    return isTriaged && counts.looks >= counts.pokes && counts.running === 0;
  };
  const rest = async (withinMs = deadlineMs) => {
    const endsAt = performance.now() + withinMs;
    while (!(await isAtRest())) {
      if (performance.now() > endsAt)
        throw new Error(
          `the house did not come to rest: ${JSON.stringify({ ...counts, failed: failed.size })}`,
        );
      await nextEntry(journal, Math.min(200, withinMs));
    }
    await burying;
  };
  return {
    rest,
    /** Reconcile was called by the harness itself, and came to its end. */
    looked: () => {
      counts.pokes += 1;
    },
    stop,
  };
};

/** Nothing changes in the house without a call; but a queue's depth may lag behind the entry that tells of it. */
const nextEntry = (journal: Journal, withinMs: number) =>
  new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(end, withinMs);
    const stop = journal.listen(end);
  });
