import type { Bell } from './messages.ts';
import { encodeMessage, ringDeduplicationId } from './messages.ts';
import type { QueueSender } from './ports/queue.ts';
import type { Lane } from './task.ts';

export type Lanes = { [L in Lane]: QueueSender };

/** One message on the thread's lane. The same bell may be rung again: SQS drops it for five minutes, a claim for ever. */
export const ringBell = async (lanes: Lanes, { lane, ring }: Bell): Promise<void> => {
  await lanes[lane].send({
    body: encodeMessage(ring),
    groupId: ring.threadKey,
    deduplicationId: ringDeduplicationId(ring),
  });
};
