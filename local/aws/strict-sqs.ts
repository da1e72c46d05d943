// Amazon SQS FIFO by its protocol, as strict as the real one, on a clock that a test can move.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { createClock } from '#local/clock.ts';
import type { Clock } from '#local/clock.ts';
import { AwsError, startJsonApi } from './json-api.ts';
import { accountId } from './names.ts';
import type { House } from './server.ts';
import { deleteBatch, receiptOperations } from './strict-receipts.ts';
import { errorHeaders, invalidParameter, sqsOperation } from './strict-errors.ts';
import { checkContents, idSchema, md5, md5OfAttributes, messageAttributesSchema } from './strict-message.ts';
import { poll } from './strict-poll.ts';
import { namesSchema, pick, sequenceNumber, toSdkMessage } from './strict-received.ts';
import { createRegistry } from './strict-registry.ts';
import type { RegisteredQueue, Registry } from './strict-registry.ts';

type Options = House & {
  clock?: Clock | undefined;
  port?: number | undefined;
  /** How many messages from the front a receive looks at; SQS's own 120,000 are many for a test. */
  windowSize?: number | undefined;
};

export const startStrictSqs = async ({ clock = createClock(), windowSize, ...house }: Options) => {
  const registry = createRegistry({ clock, windowSize });
  let url = '';
  const api = await startJsonApi({
    ...house,
    twin: 'sqs',
    service: 'AmazonSQS',
    version: '1.0',
    errorHeaders,
    operations: {
      ...queueOperations({ registry, clock, urlOf: (name) => `${url}/${accountId}/${name}` }),
      ...messageOperations(registry, clock),
      ...receiptOperations(registry, clock),
      ...deleteBatch(registry, clock),
    },
    detail: (input, output) => ({ queue: queueIn(input), request: input, ...messageIdsIn(output) }),
    isQuiet: (output) => messageIdsIn(output)?.messageIds.length === 0,
  });
  url = api.url;
  const depthOf = ({ name, queue }: RegisteredQueue) => [name, queue.depth(clock.now())] as const;
  return { ...api, depths: () => Object.fromEntries(registry.all().map(depthOf)) };
};

const queueUrlSchema = z.object({ QueueUrl: z.string().optional() });
const receivedSchema = z.object({ Messages: z.array(z.object({ MessageId: z.string() })) });

const queueIn = (input: unknown) => queueUrlSchema.safeParse(input).data?.QueueUrl?.split('/').at(-1);
/** Only a receive has them. */
const messageIdsIn = (output: unknown) => {
  const { data } = receivedSchema.safeParse(output);
  return data && { messageIds: data.Messages.map(({ MessageId }) => MessageId) };
};

const createSchema = z.object({
  QueueName: z.string(),
  Attributes: z.record(z.string(), z.string()).default({}),
});
const ofQueue = z.object({ QueueUrl: z.string() });

const attributesSchema = ofQueue.extend({ AttributeNames: namesSchema });
type Queues = { registry: Registry; clock: Clock; urlOf: (name: string) => string };

const queueOperations = ({ registry, clock, urlOf }: Queues) => ({
  CreateQueue: sqsOperation(createSchema, ({ QueueName, Attributes }) => {
    registry.create(QueueName, Attributes);
    return { QueueUrl: urlOf(QueueName) };
  }),
  GetQueueUrl: sqsOperation(createSchema.pick({ QueueName: true }), ({ QueueName }) => {
    if (!registry.byName(QueueName))
      throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
    return { QueueUrl: urlOf(QueueName) };
  }),
  GetQueueAttributes: sqsOperation(attributesSchema, ({ QueueUrl, AttributeNames }) => ({
    Attributes: pick(attributesOf(registry.byUrl(QueueUrl), clock.now()), AttributeNames),
  })),
});

const attributesOf = ({ arn, attributes, createdAt, queue }: RegisteredQueue, now: number) => {
  const { waiting, inFlight } = queue.depth(now);
  return {
    ...attributes,
    QueueArn: arn,
    CreatedTimestamp: String(Math.floor(createdAt / 1000)),
    LastModifiedTimestamp: String(Math.floor(createdAt / 1000)),
    ApproximateNumberOfMessages: String(waiting),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: '0',
  };
};

const sendSchema = ofQueue.extend({
  MessageBody: z.string(),
  MessageGroupId: idSchema,
  MessageDeduplicationId: idSchema.optional(),
  MessageAttributes: messageAttributesSchema.default({}),
  DelaySeconds: z
    .literal(0, 'The request include parameter that is not valid for this queue type.')
    .optional(),
});

const receiveSchema = ofQueue.extend({
  MaxNumberOfMessages: z.int().min(1).max(10).default(1),
  VisibilityTimeout: z.int().min(0).max(43_200).optional(),
  WaitTimeSeconds: z.int().min(0).max(20).optional(),
  AttributeNames: namesSchema,
  MessageSystemAttributeNames: namesSchema,
  MessageAttributeNames: namesSchema,
  ReceiveRequestAttemptId: z.undefined('It is not modelled here.').optional(),
});

const messageOperations = (registry: Registry, clock: Clock) => ({
  SendMessage: sqsOperation(sendSchema, (input) => {
    const target = registry.byUrl(input.QueueUrl);
    const { MessageBody: body, MessageAttributes: attributes } = input;
    if (body === '')
      throw new AwsError(
        'MissingRequiredParameterException',
        'The request must contain the parameter MessageBody.',
      );
    checkContents(body, attributes, Number(target.attributes.MaximumMessageSize));
    const deduplicationId = input.MessageDeduplicationId ?? idOfContent(target, body);
    const message = { body, attributes, groupId: input.MessageGroupId, deduplicationId };
    const { id, sequence } = target.queue.send(message, clock.now());
    target.changed();
    return {
      MessageId: id,
      SequenceNumber: sequenceNumber(sequence),
      MD5OfMessageBody: md5(body),
      MD5OfMessageAttributes: md5OfAttributes(attributes),
    };
  }),
  ReceiveMessage: sqsOperation(receiveSchema, async (input, gone) => {
    const from = registry.byUrl(input.QueueUrl);
    const waitSeconds = input.WaitTimeSeconds ?? Number(from.attributes.ReceiveMessageWaitTimeSeconds);
    const visibilitySeconds = input.VisibilityTimeout ?? Number(from.attributes.VisibilityTimeout);
    const taken = await poll({
      from,
      clock,
      waitMs: waitSeconds * 1000,
      max: input.MaxNumberOfMessages,
      visibilityMs: visibilitySeconds * 1000,
      gone,
    });
    const system = [...input.AttributeNames, ...input.MessageSystemAttributeNames];
    const Messages = taken.map((received) => toSdkMessage(received, system, input.MessageAttributeNames));
    return { Messages };
  }),
});

const idOfContent = ({ attributes }: RegisteredQueue, body: string) => {
  if (attributes.ContentBasedDeduplication === 'true') return createHash('sha256').update(body).digest('hex');
  throw invalidParameter(
    'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  );
};
