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

export type QueueReceiver = {
  /** At most one message; undefined when none came within the wait (whole seconds, at most 20). */
  receive: (options: { waitSeconds: number; signal?: AbortSignal }) => Promise<ReceivedMessage | undefined>;
  acknowledge: (receipt: string) => Promise<void>;
  /** Seconds from now until the message is seen again; 0 gives it back at once. */
  extend: (receipt: string, visibilitySeconds: number) => Promise<void>;
};
