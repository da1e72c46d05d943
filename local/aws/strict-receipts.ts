// The operations that need a receipt. SQS refuses an expired one on a FIFO queue, and the message comes again.
import * as z from 'zod';
import type { Clock } from '#local/clock.ts';
import { AwsError } from './json-api.ts';
import { expiredReceipt, invalidParameter, invalidReceipt, sqsOperation } from './strict-errors.ts';
import { longestVisibilityMs } from './strict-queue.ts';
import type { RegisteredQueue, Registry } from './strict-registry.ts';

const receiptSchema = z.object({ QueueUrl: z.string(), ReceiptHandle: z.string() });
const visibilitySchema = receiptSchema.extend({
  VisibilityTimeout: z
    .int()
    .min(0)
    .max(longestVisibilityMs / 1000),
});

export const receiptOperations = (registry: Registry, clock: Clock) => ({
  DeleteMessage: sqsOperation(receiptSchema, ({ QueueUrl, ReceiptHandle }) => {
    remove(registry.byUrl(QueueUrl), ReceiptHandle, clock);
    return {};
  }),
  ChangeMessageVisibility: sqsOperation(visibilitySchema, (input) => {
    const { queue, changed } = registry.byUrl(input.QueueUrl);
    const { ReceiptHandle: receipt, VisibilityTimeout: seconds } = input;
    const end = queue.extend(receipt, seconds * 1000, clock.now());
    switch (end) {
      case 'extended':
        changed();
        return {};
      case 'garbage':
        throw invalidReceipt(receipt);
      case 'expired':
        throw new AwsError('MessageNotInflight', 'The specified message is not in flight.');
      case 'gone':
        throw invalidParameter(
          `Value ${receipt} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
        );
      case 'too_long':
        throw invalidParameter(
          `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]`,
        );
    }
  }),
});

/** To delete what is gone already is no error. */
const remove = ({ queue, changed }: RegisteredQueue, receipt: string, clock: Clock) => {
  const end = queue.remove(receipt, clock.now());
  if (end === 'garbage') throw invalidReceipt(receipt);
  if (end === 'expired') throw expiredReceipt(receipt);
  if (end === 'deleted') changed();
};

const entrySchema = receiptSchema.omit({ QueueUrl: true }).extend({ Id: z.string() });
const batchSchema = z.object({ QueueUrl: z.string(), Entries: z.array(entrySchema) });
type Entry = z.infer<typeof entrySchema>;

export const deleteBatch = (registry: Registry, clock: Clock) => ({
  DeleteMessageBatch: sqsOperation(batchSchema, ({ QueueUrl, Entries }) => {
    const from = registry.byUrl(QueueUrl);
    checkEntries(Entries);
    const ends = Entries.map((entry) => ({
      Id: entry.Id,
      error: errorOf(() => remove(from, entry.ReceiptHandle, clock)),
    }));
    return {
      Successful: ends.filter(({ error }) => !error).map(({ Id }) => ({ Id })),
      Failed: ends.flatMap(({ Id, error }) =>
        // whatever is wrong with a receipt, in a batch it has this one code
        error ? [{ Id, Code: 'ReceiptHandleIsInvalid', Message: error.message, SenderFault: true }] : [],
      ),
    };
  }),
});

const checkEntries = (entries: readonly Entry[]) => {
  if (entries.length === 0)
    throw new AwsError(
      'EmptyBatchRequest',
      'There should be at least one DeleteMessageBatchRequestEntry in the request.',
    );
  if (entries.length > 10)
    throw new AwsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are 10. You have sent ${entries.length}.`,
    );
  if (!entries.every(({ Id }) => /^[\w-]{1,80}$/.test(Id)))
    throw new AwsError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores.',
    );
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length)
    throw new AwsError(
      'BatchEntryIdsNotDistinct',
      'Two or more batch entries in the request have the same Id.',
    );
};

const errorOf = (run: () => void): AwsError | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
};
