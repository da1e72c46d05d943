import type { SQSRecord } from 'aws-lambda';

/** What a line about a message of the inbox names. */
export const contextOf = ({ messageId, attributes }: SQSRecord) => ({
  messageId,
  deliveryId: attributes.MessageDeduplicationId, // the door sends it under this
  receiveCount: Number(attributes.ApproximateReceiveCount),
});
