import type { S3Client } from '@aws-sdk/client-s3';
import { GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import type { Blobs } from '#core/ports/blobs.ts';

/** The caller needs s3:ListBucket beside GetObject: without it S3 answers 403, not NoSuchKey, for a missing key. */
export const createBlobs = (client: S3Client, bucket: string): Blobs => ({
  put: async (key, body, contentType) => {
    await client.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: contentType }),
    );
  },
  get: async (key) => {
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return await Body?.transformToByteArray();
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  },
});
