// Amazon SQS and S3 on a laptop, by their protocols.
import * as z from 'zod';
import { createEmulator } from './emulator.ts';
import type { Emulator } from './emulator.ts';
import { addressesOf, createQueues } from './queue-definitions.ts';
import type { QueueOptions } from './queue-definitions.ts';
import { startS3 } from './s3.ts';
import { startSqs } from './sqs.ts';

/**
 * Objects outlive a restart (in dataDir), messages do not: the SQLite store of fauxqs 2.4.1 loses each message whose
 * visibility is set to 0, and comes only with a server that listens on all interfaces. Postgres keeps the truth.
 */
export const startQueues = async (options: QueueOptions) => {
  const emulator = createEmulator();
  const sqs = await startSqs({ ...options, emulator, port: options.ports?.sqs });
  const s3 = await startS3({ ...options, emulator, port: options.ports?.s3 });
  await createQueues(sqs.url, options);
  return {
    url: sqs.url,
    endpoints: { sqs: sqs.url, s3: s3.url },
    ...addressesOf(sqs.url, options.queues),
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
