// Which queues there are, by whichever server.
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { accountId, arn, credentials, region } from './names.ts';
import type { House } from './server.ts';

type QueueDefinition = {
  name: string;
  visibilitySeconds: number;
  /** The name of the queue, defined before this one, that takes what was received too often. */
  dlq?: string;
};

export type QueueOptions = House & {
  queues: readonly QueueDefinition[];
  bucket: string;
  /** Where the bucket's objects are kept over a restart. Without it they go with the process. */
  dataDir?: string;
  maxReceiveCount?: number;
  ports?: { sqs: number; s3: number };
};

export const createQueues = async (endpoint: string, { queues, maxReceiveCount = 50 }: QueueOptions) => {
  const client = new SQSClient({ endpoint, region, credentials });
  for (const { name, visibilitySeconds, dlq } of queues) {
    const redrive = dlq && JSON.stringify({ deadLetterTargetArn: arn('sqs', dlq), maxReceiveCount });
    const Attributes = {
      ...asInTheStack,
      VisibilityTimeout: String(visibilitySeconds),
      ...(redrive && { RedrivePolicy: redrive }),
    };
    await client.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  }
  client.destroy();
};

const asInTheStack = {
  FifoQueue: 'true',
  DeduplicationScope: 'messageGroup',
  FifoThroughputLimit: 'perMessageGroupId',
  MessageRetentionPeriod: '1209600',
};

export const addressesOf = (url: string, queues: readonly QueueDefinition[]) => {
  const names = queues.map(({ name }) => name);
  return {
    /** Their host is the address: the SDK sends to the URL's host, whatever its endpoint is. */
    queueUrls: Object.fromEntries(names.map((name) => [name, `${url}/${accountId}/${name}`])),
    queueArns: Object.fromEntries(names.map((name) => [name, arn('sqs', name)])),
  };
};
