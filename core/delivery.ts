// One webhook request, reduced by the door to what triage needs. The payload itself never goes further than the door.
import * as z from 'zod';
import { installationSchema, platformSchema, threadSchema, triggerSchema } from './task.ts';

const eventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('mention'), thread: threadSchema, trigger: triggerSchema }),
  z.object({ kind: z.literal('installation'), installation: installationSchema }),
]);

export const deliverySchema = z.object({
  version: z.literal(1),
  platform: platformSchema,
  /** The sender's own id of this request; stable over its retries, but not signed. */
  id: z.string().min(1).max(200),
  /** sha256 of the signed raw body, hex: the same body under a new id is the same delivery. */
  bodySha256: z.string().regex(/^[0-9a-f]{64}$/),
  receivedAt: z.iso.datetime(),
  event: eventSchema,
});
export type Delivery = z.infer<typeof deliverySchema>;
export type DeliveryEvent = Delivery['event'];

/** What a platform's webhook.ts makes of a request that it verified, or why it refuses it. */
export type Inbound =
  | { kind: 'accepted'; delivery: Delivery }
  | { kind: 'ignored'; reason: IgnoredReason }
  | { kind: 'rejected'; status: 400 | 401 | 413; reason: RejectedReason };

export type IgnoredReason =
  | 'no_mention'
  | 'own_comment'
  | 'bot_sender'
  | 'edited'
  | 'ping'
  | 'event_not_handled';
export type RejectedReason = 'signature' | 'not_json' | 'payload' | 'headers' | 'too_large';
