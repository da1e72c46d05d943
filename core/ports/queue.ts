export type SendInput = {
  body: string;
  /** FIFO group: at most 128 characters. */
  groupId: string;
  /** SQS drops the same id within five minutes. */
  deduplicationId: string;
  /** Facts about the message beside its body; no value is empty. */
  attributes?: Readonly<Record<string, string>>;
};

export type ReceivedMessage = {
  /** Stays the same however often the message is received. */
  messageId: string;
  groupId: string;
  body: string;
  receipt: string;
  receiveCount: number;
};

/** A FIFO queue. Every call throws when the queue did not confirm it. */
export type QueueSender = { send: (message: SendInput) => Promise<void> };

/** The message is no longer ours: it came or will come to somebody else. */
export class ReceiptLostError extends Error {
  override readonly name = 'ReceiptLostError';
  readonly code = 'receipt_lost';
}

export type QueueReceiver = {
  /** At most one message; undefined when none came within the wait (whole seconds, at most 20). */
  receive: (options: { waitSeconds: number; signal?: AbortSignal }) => Promise<ReceivedMessage | undefined>;
  /** This and extend throw a ReceiptLostError when the receipt holds the message no more. */
  acknowledge: (receipt: string) => Promise<void>;
  /** Seconds from now until the message is seen again; 0 gives it back at once. */
  extend: (receipt: string, visibilitySeconds: number) => Promise<void>;
};
