import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { describeError } from '#core/describe-error.ts';
import type { Log } from '#core/ports/log.ts';
import type { QueueReceiver } from '#core/ports/queue.ts';
import { contextOf } from './message-context.ts';

type Deps = { inbox: Pick<QueueReceiver, 'extend'>; log: Log };

/** The inbox's visibility: a failure waits no longer than a host that died. */
const longestSeconds = 180;

/** Seconds until the next try of what has been received so often: 5, 10, 20, 40, 80, 160, and then 180. */
export const secondsUntilRetry = (receiveCount: number): number =>
  Math.min(5 * 2 ** (receiveCount - 1), longestSeconds);

/**
 * Brings what failed back before its visibility is over. Lambda leaves it alone from here on.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export const createBackOff =
  ({ inbox, log }: Deps) =>
  async ({ Records }: SQSEvent, { batchItemFailures }: SQSBatchResponse): Promise<void> => {
    const failedIds = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const failed = Records.filter(({ messageId }) => failedIds.has(messageId));
    const threads = Map.groupBy(failed, ({ attributes }) => attributes.MessageGroupId);
    await Promise.all([...threads.values()].map((ofThread) => hide(ofThread, { inbox, log })));
  };

/**
 * The first one sets the pace of its thread. What came after it waits as long, counted from a later moment: never seen
 * before it, and not kept from it by the longer visibility that it was received with.
 */
const hide = async (ofThread: readonly SQSRecord[], { inbox, log }: Deps): Promise<void> => {
  const seconds = secondsUntilRetry(Number(ofThread[0]?.attributes.ApproximateReceiveCount));
  for (const record of ofThread)
    try {
      await inbox.extend(record.receiptHandle, seconds);
    } catch (error) {
      // it comes back with its visibility; those behind it cannot come before it
      return log.warn('message comes back late', { ...contextOf(record), ...describeError(error) });
    }
};
