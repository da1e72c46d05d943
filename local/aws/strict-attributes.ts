// What a queue can be created with: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
import * as z from 'zod';
import { AwsError } from './json-api.ts';
import { invalidParameter } from './strict-errors.ts';

const flag = z
  .string()
  .regex(/^(?:true|false)$/i)
  .transform((text) => text.toLowerCase());
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/)
    .refine((text) => Number(text) >= min && Number(text) <= max);

const attributesSchema = z.strictObject({
  FifoQueue: flag.default('false'),
  ContentBasedDeduplication: flag.default('false'),
  DeduplicationScope: z.enum(['queue', 'messageGroup']).default('queue'),
  FifoThroughputLimit: z.enum(['perQueue', 'perMessageGroupId']).default('perQueue'),
  VisibilityTimeout: whole(0, 43_200).default('30'),
  MessageRetentionPeriod: whole(60, 1_209_600).default('345600'),
  MaximumMessageSize: whole(1_024, 1_048_576).default('1048576'),
  ReceiveMessageWaitTimeSeconds: whole(0, 20).default('0'),
  // no delays here: our queues have none
  DelaySeconds: z.literal('0').default('0'),
  SqsManagedSseEnabled: flag.default('true'),
  RedrivePolicy: z.string().optional(),
});

export type QueueAttributes = z.infer<typeof attributesSchema>;

const redriveSchema = z.object({
  deadLetterTargetArn: z.string(),
  maxReceiveCount: z.coerce.number().int().min(1).max(1_000),
});
export type Redrive = z.infer<typeof redriveSchema>;

type NamedQueue = { arn: string; isFifo: boolean };

export const readAttributes = (name: string, given: Record<string, string>): QueueAttributes => {
  const parsed = attributesSchema.safeParse(given);
  if (!parsed.success) throw toError(parsed.error.issues[0]);
  const attributes = parsed.data;
  const isFifo = attributes.FifoQueue === 'true';
  if (
    !/^[\w-]{1,80}$/.test(name.replace(/\.fifo$/, '')) ||
    name.length > 80 ||
    name.endsWith('.fifo') !== isFifo
  )
    throw invalidParameter(
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length; of a FIFO queue, and of no other, it ends with .fifo.',
    );
  if (!isFifo && given['ContentBasedDeduplication'] !== undefined)
    throw new AwsError('InvalidAttributeName', 'Unknown Attribute ContentBasedDeduplication.');
  if (attributes.FifoThroughputLimit === 'perMessageGroupId' && attributes.DeduplicationScope === 'queue')
    throw new AwsError(
      'InvalidAttributeValue',
      'perMessageGroupId is allowed only when the value for DeduplicationScope is messageGroup.',
    );
  return attributes;
};

const toError = (issue: z.core.$ZodIssue | undefined) =>
  issue?.code === 'unrecognized_keys'
    ? new AwsError('InvalidAttributeName', `Unknown Attribute ${issue.keys[0]}.`)
    : new AwsError('InvalidAttributeValue', `Invalid value for the parameter ${issue?.path.join('.')}.`);

/** The policy, if there is one; its queue must be there and of the same type. */
export const readRedrive = (
  { RedrivePolicy, FifoQueue }: QueueAttributes,
  find: (arn: string) => NamedQueue | undefined,
): Redrive | undefined => {
  if (!RedrivePolicy) return undefined;
  const refuse = (reason: string) =>
    invalidParameter(`Value ${RedrivePolicy} for parameter RedrivePolicy is invalid. Reason: ${reason}`);
  const redrive = parseRedrive(RedrivePolicy);
  if (!redrive)
    throw refuse('It must be JSON with deadLetterTargetArn and maxReceiveCount between 1 and 1000.');
  const target = find(redrive.deadLetterTargetArn);
  if (!target) throw refuse('Dead letter target does not exist.');
  if (target.isFifo !== (FifoQueue === 'true'))
    throw refuse('Dead-letter queue must be same type of queue as the source.');
  return redrive;
};

const parseRedrive = (policy: string): Redrive | undefined => {
  try {
    return redriveSchema.parse(JSON.parse(policy));
  } catch {
    return undefined; // no JSON or another shape: refused alike
  }
};
