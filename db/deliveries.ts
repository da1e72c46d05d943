import { and, eq } from 'drizzle-orm';
import type { LedgerInput, Refusal } from '#core/ledger.ts';
import type { Platform } from '#core/task.ts';
import { threadKey } from '#core/thread-key.ts';
import type { Database } from './database.ts';
import { named } from './named.ts';
import { deliveries } from './schema.ts';

export type Deliveries = ReturnType<typeof createDeliveries>;
export type DeliveryResult = { kind: 'task'; taskId: string } | { kind: 'refused'; reason: Refusal };

export const createDeliveries = (db: Database) =>
  named('deliveries', {
    /** The first result of a delivery stands: a task that it got is not taken back. */
    refuse: async (input: LedgerInput<'deliveries.refuse'>): Promise<void> => {
      const { delivery, thread, triggerKey, command, reason } = input;
      await db
        .insert(deliveries)
        .values({
          ...delivery,
          receivedAt: new Date(delivery.receivedAt),
          threadKey: threadKey(thread),
          triggerKey,
          command,
          refusal: reason,
        })
        .onConflictDoNothing();
    },
    find: async ({
      platform,
      id,
    }: {
      platform: Platform;
      id: string;
    }): Promise<DeliveryResult | undefined> => {
      const [found] = await db
        .select({ taskId: deliveries.taskId, refusal: deliveries.refusal })
        .from(deliveries)
        .where(and(eq(deliveries.platform, platform), eq(deliveries.id, id)));
      if (found?.taskId) return { kind: 'task', taskId: found.taskId };
      if (found?.refusal) return { kind: 'refused', reason: found.refusal };
      return undefined;
    },
  });
