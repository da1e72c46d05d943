// Amazon SQS and S3 on a laptop, by their protocols.
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { createEmulator } from './emulator.ts';
import type { Emulator } from './emulator.ts';
import { accountId, arn, credentials, region } from './names.ts';
import { startS3 } from './s3.ts';
import type { House } from './server.ts';
import { startSqs } from './sqs.ts';

type QueueDefinition = {
  name: string;
  visibilitySeconds: number;
  /** The name of the queue, defined before this one, that takes what was received too often. */
  dlq?: string;
};

type Options = House & {
  queues: readonly QueueDefinition[];
  bucket: string;
  /** Where the bucket's objects are kept over a restart. Without it they go with the process. */
  dataDir?: string;
  maxReceiveCount?: number;
  ports?: { sqs: number; s3: number };
};

/**
 * Objects outlive a restart (in dataDir), messages do not: the SQLite store of fauxqs 2.4.1 loses each message whose
 * visibility is set to 0, and comes only with a server that listens on all interfaces. Postgres keeps the truth.
 */
export const startQueues = async (options: Options) => {
  const emulator = createEmulator();
  const sqs = await startSqs({ ...options, emulator, port: options.ports?.sqs });
  const s3 = await startS3({ ...options, emulator, port: options.ports?.s3 });
  await createQueues(sqs.url, options);
  const names = options.queues.map(({ name }) => name);
  return {
    url: sqs.url,
    endpoints: { sqs: sqs.url, s3: s3.url },
    /** Their host is the address: the SDK sends to the URL's host, whatever its endpoint is. */
    queueUrls: Object.fromEntries(names.map((name) => [name, `${sqs.url}/${accountId}/${name}`])),
    queueArns: Object.fromEntries(names.map((name) => [name, arn('sqs', name)])),
    depths: () => depths(emulator),
    close: async () => {
      await Promise.all([sqs.close(), s3.close()]);
      await emulator.close();
    },
  };
};

export type Depth = { waiting: number; inFlight: number };

const depthsSchema = z.array(
  z.object({ name: z.string(), approximateMessageCount: z.number(), approximateInflightCount: z.number() }),
);

/** Messages by queue: waiting, and received but neither deleted nor given back. */
const depths = async (emulator: Emulator): Promise<Record<string, Depth>> => {
  const { body } = await emulator.ask({ method: 'GET', url: '/_fauxqs/queues' });
  return Object.fromEntries(
    depthsSchema
      .parse(JSON.parse(body.toString()))
      .map(({ name, approximateMessageCount: waiting, approximateInflightCount: inFlight }) => [
        name,
        { waiting, inFlight },
      ]),
  );
};

const createQueues = async (endpoint: string, { queues, maxReceiveCount = 50 }: Options) => {
  const client = new SQSClient({ endpoint, region, credentials });
  for (const { name, visibilitySeconds, dlq } of queues) {
    const redrive = dlq && JSON.stringify({ deadLetterTargetArn: arn('sqs', dlq), maxReceiveCount });
    const Attributes = {
      FifoQueue: 'true',
      VisibilityTimeout: String(visibilitySeconds),
      ...(redrive && { RedrivePolicy: redrive }),
    };
    await client.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  }
  client.destroy();
};
