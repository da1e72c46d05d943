// What travels on the queues: the one contract between webhook, triage and worker.
import * as z from 'zod';
import { deliverySchema } from './delivery.ts';
import { laneSchema } from './task.ts';

/** webhook → inbox.fifo → triage */
export const inboxMessageSchema = deliverySchema;

/** triage → tasks-<lane>.fifo → worker: "look at this thread". Which task is next, Postgres says. */
export const ringSchema = z.object({
  version: z.literal(1),
  threadKey: z.string().min(1).max(128),
  taskId: z.uuid(),
  generation: z.int().nonnegative(),
});
export type Ring = z.infer<typeof ringSchema>;

/** A ring and where to send it. */
export const bellSchema = z.object({ lane: laneSchema, ring: ringSchema });
export type Bell = z.infer<typeof bellSchema>;

/** SQS forgets after five minutes; the keys in Postgres do not. */
export const ringDeduplicationId = ({ taskId, generation }: Ring) => `${taskId}:${generation}`;

/**
 * JSON in ASCII only: SQS refuses characters that XML 1.0 cannot carry (U+0000, lone surrogates, U+FFFE), and a text
 * that a person wrote may hold any of them.
 */
export const encodeMessage = (message: z.input<typeof inboxMessageSchema> | Ring): string =>
  JSON.stringify(message).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
