import { processPartialResponse, SqsFifoPartialProcessorAsync } from '@aws-lambda-powertools/batch';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { malformed, queueNameOf, toDeadLetter } from '#core/dead-letter.ts';
import type { Delivery } from '#core/delivery.ts';
import { describeError } from '#core/describe-error.ts';
import type { Ledger } from '#core/ledger.ts';
import { inboxMessageSchema } from '#core/messages.ts';
import type { Log } from '#core/ports/log.ts';
import type { QueueSender } from '#core/ports/queue.ts';

export type Mention = Delivery & { event: { kind: 'mention' } };

type Deps = {
  ledger: Ledger;
  onMention: (delivery: Mention) => Promise<void>;
  /** Where a message goes that is no delivery. */
  deadLetters: QueueSender;
  log: Log;
};

/**
 * Reads the inbox. A delivery that fails, and what came after it on its thread, goes back to the queue; other threads
 * go on. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export const createTriage = ({ ledger, onMention, deadLetters, log }: Deps) => {
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

  const handleRecord = async (record: SQSRecord): Promise<void> => {
    const context = {
      messageId: record.messageId,
      deliveryId: record.attributes.MessageDeduplicationId, // the door sends it under this
      receiveCount: Number(record.attributes.ApproximateReceiveCount),
    };
    try {
      const delivery = toDelivery(record.body);
      if (delivery) return await triage(delivery);
      await deadLetters.send(toMalformed(record));
      log.error('message put aside: it is no delivery', context);
    } catch (error) {
      log.error('delivery not triaged', { ...context, ...describeError(error) });
      throw error;
    }
  };

  return (event: SQSEvent): Promise<SQSBatchResponse> =>
    processPartialResponse(event, handleRecord, new SqsFifoPartialProcessorAsync(), {
      skipGroupOnError: true,
      throwOnFullBatchFailure: false,
    });
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
