// In place of startQueues where the emulator is too kind: strict SQS on a clock that can be moved, S3 as ever.
import type { Clock } from '#local/clock.ts';
import { createEmulator } from './emulator.ts';
import { addressesOf, createQueues } from './queue-definitions.ts';
import type { QueueOptions } from './queue-definitions.ts';
import type { startQueues } from './queues.ts';
import { startS3 } from './s3.ts';
import { startStrictSqs } from './strict-sqs.ts';

type Options = QueueOptions & { clock?: Clock; windowSize?: number };

export const startStrictQueues = async (options: Options): ReturnType<typeof startQueues> => {
  const emulator = createEmulator();
  const sqs = await startStrictSqs({ ...options, port: options.ports?.sqs });
  const s3 = await startS3({ ...options, emulator, port: options.ports?.s3 });
  await createQueues(sqs.url, options);
  return {
    url: sqs.url,
    endpoints: { sqs: sqs.url, s3: s3.url },
    ...addressesOf(sqs.url, options.queues),
    depths: () => Promise.resolve(sqs.depths()),
    close: async () => {
      await Promise.all([sqs.close(), s3.close()]);
      await emulator.close();
    },
  };
};
