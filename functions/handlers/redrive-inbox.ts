import { describeError } from '#core/describe-error.ts';
import type { Ledger } from '#core/ledger.ts';
import type { Log } from '#core/ports/log.ts';
import type { QueueSender } from '#core/ports/queue.ts';

type Deps = { ledger: Ledger; inbox: QueueSender; log: Log };

/**
 * Puts the requests back on the inbox that an operator wants back: the ledger cannot reach a queue. After a crash
 * between the two calls it is sent twice, and makes one task all the same.
 */
export const redriveInbox = async ({ ledger, inbox, log }: Deps): Promise<void> => {
  for (const { id, groupId, body } of await ledger('dead_letters.to_redrive', { limit: 5 })) {
    try {
      await inbox.send({ body, groupId, deduplicationId: `redrive-${id}` });
      await ledger('dead_letters.redriven', { id });
      log.info('dead letter is back on the inbox', { id });
    } catch (error) {
      log.error('dead letter not brought back', { id, ...describeError(error) }); // the next minute tries again
    }
  }
};
