// The lanes on simulated time: the strict SQS of local/aws, asked without its protocol.
import { visibilitySeconds } from '#core/job.ts';
import type { Ring } from '#core/messages.ts';
import { ringSchema } from '#core/messages.ts';
import type { QueueSender } from '#core/ports/queue.ts';
import type { Lanes } from '#core/ring.ts';
import type { Lane } from '#core/task.ts';
import { createStrictQueue } from '#local/aws/strict-queue.ts';

export type Message = { lane: Lane; ring: Ring; receipt: string };

const visibilityMs = visibilitySeconds * 1_000;
const retentionMs = 14 * 24 * 60 * 60 * 1_000;

export const createLanes = (now: () => number) => {
  const queue = (name: string) =>
    createStrictQueue({ name, retentionMs, deduplicationScope: 'messageGroup', maxReceiveCount: 50 });
  const queues = { high: queue('high'), normal: queue('normal'), low: queue('low') };
  const sender = (lane: Lane): QueueSender => ({
    send: async (message) => {
      queues[lane].send({ ...message, attributes: {} }, now());
    },
  });
  return {
    senders: { high: sender('high'), normal: sender('normal'), low: sender('low') } satisfies Lanes,
    receive: (lane: Lane): Message | undefined => {
      const [received] = queues[lane].receive({ max: 1, visibilityMs }, now()).taken;
      if (!received) return undefined;
      const ring = ringSchema.parse(JSON.parse(received.message.body));
      return { lane, ring, receipt: received.receipt };
    },
    extend: ({ lane, receipt }: Message) => {
      const answer = queues[lane].extend(receipt, visibilityMs, now());
      if (answer !== 'extended') throw new Error(`a message that is held cannot be extended: ${answer}`);
    },
    acknowledge: ({ lane, receipt }: Message) => {
      const answer = queues[lane].remove(receipt, now());
      if (answer !== 'deleted') throw new Error(`a message that is held cannot be deleted: ${answer}`);
    },
  };
};
