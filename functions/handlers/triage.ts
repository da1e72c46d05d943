import { processPartialResponse, SqsFifoPartialProcessorAsync } from '@aws-lambda-powertools/batch';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { malformed, queueNameOf, toDeadLetter } from '#core/dead-letter.ts';
import type { Delivery } from '#core/delivery.ts';
import { describeError } from '#core/describe-error.ts';
import type { Ledger } from '#core/ledger.ts';
import { inboxMessageSchema } from '#core/messages.ts';
import type { Log } from '#core/ports/log.ts';
import type { QueueReceiver, QueueSender } from '#core/ports/queue.ts';
import { createBackOff } from './back-off.ts';
import { contextOf } from './message-context.ts';

type TimeLeft = Pick<Context, 'getRemainingTimeInMillis'>;
export type Mention = Delivery & { event: { kind: 'mention' } };

type Deps = {
  ledger: Ledger;
  onMention: (delivery: Mention) => Promise<void>;
  /** Where the messages come from: what failed is to come back soon. */
  inbox: Pick<QueueReceiver, 'extend'>;
  /** Where a message goes that is no delivery. */
  deadLetters: QueueSender;
  log: Log;
};

/** While the ledger is away a delivery fails after seconds; one that Lambda ends takes the whole batch with it. */
const leastMs = 10_000;

/**
 * Reads the inbox. A delivery that fails, and what came after it on its thread, goes back to the queue; other threads
 * go on. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export const createTriage = ({ ledger, onMention, inbox, deadLetters, log }: Deps) => {
  const backOff = createBackOff({ inbox, log });
  const triage = async (delivery: Delivery): Promise<void> => {
    if (isMention(delivery)) return await onMention(delivery);
    if (delivery.event.kind === 'installation') {
      await ledger('installations.upsert', delivery.event.installation);
      log.info('installation recorded', {
        deliveryId: delivery.id,
        status: delivery.event.installation.status,
      });
    }
  };

  const handleRecord = async (record: SQSRecord, msLeft: number): Promise<void> => {
    const context = contextOf(record);
    try {
      if (msLeft < leastMs) throw new Error('no time is left for it');
      const delivery = toDelivery(record.body);
      if (delivery) return await triage(delivery);
      await deadLetters.send(toMalformed(record));
      log.error('message put aside: it is no delivery', context);
    } catch (error) {
      log.error('delivery not triaged', { ...context, ...describeError(error) });
      throw error;
    }
  };

  return async (event: SQSEvent, lambda: TimeLeft): Promise<SQSBatchResponse> => {
    const handle = (record: SQSRecord) => handleRecord(record, lambda.getRemainingTimeInMillis());
    const response = await processPartialResponse(event, handle, new SqsFifoPartialProcessorAsync(), {
      skipGroupOnError: true,
      throwOnFullBatchFailure: false,
    });
    await backOff(event, response);
    return response;
  };
};

const isMention = (delivery: Delivery): delivery is Mention => delivery.event.kind === 'mention';

const toDelivery = (body: string): Delivery | undefined => {
  try {
    return inboxMessageSchema.parse(JSON.parse(body));
  } catch {
    return undefined; // the parsers' messages quote what a person wrote: nobody hears them
  }
};

const toMalformed = ({ messageId, body, attributes, eventSourceARN }: SQSRecord) =>
  toDeadLetter({
    messageId,
    body,
    groupId: attributes.MessageGroupId ?? '', // always there on a FIFO queue
    queue: queueNameOf(eventSourceARN),
    reason: malformed,
  });
