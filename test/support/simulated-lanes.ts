// FIFO queues on simulated time, by what SQS documents: groups in order and one at a time, visibility, five minutes of
// deduplication. local/aws has the real protocol, on real time.
import { visibilitySeconds } from '#core/job.ts';
import type { Ring } from '#core/messages.ts';
import { ringSchema } from '#core/messages.ts';
import type { QueueSender } from '#core/ports/queue.ts';
import type { Lanes } from '#core/ring.ts';
import type { Lane } from '#core/task.ts';
import type { Clock } from './simulated-clock.ts';

export type Message = { ring: Ring; invisibleUntil: number };

const deduplicationMs = 5 * 60_000;

export const createLanes = (clock: Clock) => {
  const messages: Record<Lane, Message[]> = { high: [], normal: [], low: [] };
  const sentAt = new Map<string, number>();
  const sender = (lane: Lane): QueueSender => ({
    send: async ({ body, deduplicationId }) => {
      const key = `${lane} ${deduplicationId}`;
      if (clock.now() - (sentAt.get(key) ?? -Infinity) < deduplicationMs) return;
      sentAt.set(key, clock.now());
      messages[lane].push({ ring: ringSchema.parse(JSON.parse(body)), invisibleUntil: 0 });
    },
  });
  const hide = (message: Message) => {
    message.invisibleUntil = clock.now() + visibilitySeconds * 1_000;
  };
  return {
    senders: { high: sender('high'), normal: sender('normal'), low: sender('low') } satisfies Lanes,
    receive: (lane: Lane): Message | undefined => {
      const isHidden = ({ invisibleUntil }: Message) => invisibleUntil > clock.now();
      const locked = new Set(messages[lane].filter(isHidden).map(({ ring }) => ring.threadKey));
      const message = messages[lane].find(({ ring }) => !locked.has(ring.threadKey));
      if (message) hide(message);
      return message;
    },
    hide,
    acknowledge: (lane: Lane, message: Message) => {
      messages[lane] = messages[lane].filter((other) => other !== message);
    },
  };
};
