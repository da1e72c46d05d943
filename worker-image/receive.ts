import type { QueueReceiver, ReceivedMessage } from '#core/ports/queue.ts';
import type { Lane } from '#core/task.ts';

export type Received = { lane: Lane; message: ReceivedMessage };

type ReceiveInput = {
  queues: { [L in Lane]: QueueReceiver };
  laneOrder: readonly Lane[];
  idleMs: number;
  /** Before every poll; false ends the waiting. */
  mayGoOn: () => Promise<boolean>;
  now?: () => number;
};

/** Seconds per lane: short at first, so that a message on the last lane does not wait for empty polls of the others. */
const waits = [1, 2, 5, 10, 20] as const;

/**
 * The next message, one lane at a time; undefined when none came for idleMs. A poll is never aborted: the message that
 * was on its way would stay invisible until its time is over.
 */
export const createReceive = ({ queues, laneOrder, idleMs, mayGoOn, now = Date.now }: ReceiveInput) => {
  let polls = 0;
  return async (): Promise<Received | undefined> => {
    const idleAt = now() + idleMs;
    while (now() < idleAt && (await mayGoOn())) {
      const lane = laneOrder[polls % laneOrder.length];
      if (!lane) return undefined;
      const leftSeconds = Math.ceil((idleAt - now()) / 1_000);
      const waitSeconds = Math.max(0, Math.min(waitOf(polls, laneOrder.length), leftSeconds));
      const message = await queues[lane].receive({ waitSeconds });
      // where there was one there may be more; a ring that leads to nothing must not cost a round of empty polls
      if (message) return { lane, message };
      polls += 1;
    }
    return undefined;
  };
};

const waitOf = (polls: number, laneCount: number): number =>
  waits[Math.min(Math.floor(polls / laneCount), waits.length - 1)] ?? 20;
