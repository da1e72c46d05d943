// A message that nothing can handle, on its way aside: what whoever gives it up says of it.
import type { ReceivedMessage, SendInput } from './ports/queue.ts';

/** Its body is no message of ours: a repeat would be none either. */
export const malformed = 'malformed';
/** SQS itself moved it, and says nothing but that. */
export const receivedTooOften = 'received too often';

type PutAside = Pick<ReceivedMessage, 'messageId' | 'groupId' | 'body'> & {
  /** The name of the queue that it comes from. */
  queue: string;
  reason: string;
};

/**
 * For dead-letters.fifo. The message keeps its group, so that what is said on a thread keeps its order, and its id:
 * put aside twice after a crash, it is one dead letter.
 */
export const toDeadLetter = ({ messageId, groupId, body, queue, reason }: PutAside): SendInput => ({
  body,
  groupId,
  deduplicationId: messageId,
  attributes: { reason, queue, messageId },
});

/** The last part of a queue's URL or ARN. */
export const queueNameOf = (address: string): string => address.split(/[/:]/).at(-1) ?? address;
