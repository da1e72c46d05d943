import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBlobs } from '#core/aws/s3.ts';
import { onLoopback } from '#test/support/aws-client.ts';

let server: Awaited<ReturnType<typeof startFauxqs>>;
let client: S3Client;

beforeAll(async () => {
  server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
  client = new S3Client({ ...onLoopback(`http://127.0.0.1:${server.port}`), forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: 'blobs' }));
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});

describe('createBlobs', () => {
  it('gives back the same bytes', async () => {
    const blobs = createBlobs(client, 'blobs');
    const body = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
    await blobs.put('tasks/1/1.patch', body, 'text/x-diff');
    expect(Buffer.from((await blobs.get('tasks/1/1.patch'))!)).toStrictEqual(Buffer.from(body));
  });

  it('keeps an empty object apart from none', async () => {
    const blobs = createBlobs(client, 'blobs');
    await blobs.put('tasks/1/empty', new Uint8Array(), 'text/plain');
    expect(await blobs.get('tasks/1/empty')).toHaveLength(0);
    expect(await blobs.get('tasks/1/none')).toBeUndefined();
  });

  it('throws for a bucket that is not there', async () => {
    await expect(createBlobs(client, 'other').get('key')).rejects.toThrow('bucket');
    await expect(createBlobs(client, 'other').put('key', new Uint8Array([1]), 'text/plain')).rejects.toThrow(
      'bucket',
    );
  });
});
