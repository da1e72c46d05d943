import type { Blobs } from './ports/blobs.ts';
import type { Redactor } from './redact.ts';

/** The bucket, in which no JSON is kept with a secret. A patch is taken as it is or not at all: its maker looks first. */
export const redactBlobs = (blobs: Blobs, redactor: Redactor): Blobs => ({
  ...blobs,
  put: (key, body, contentType) => blobs.put(key, withoutSecrets(redactor, body, contentType), contentType),
});

const withoutSecrets = (redactor: Redactor, body: Uint8Array, contentType: string): Uint8Array => {
  const isLines = contentType === 'application/x-ndjson';
  if (!isLines && contentType !== 'application/json') return body;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  const clean = isLines ? text.split('\n').map(redactor.json).join('\n') : redactor.json(text);
  return clean === text ? body : Buffer.from(clean);
};
