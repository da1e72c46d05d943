// S3 over the emulator: what it lacks is If-None-Match and a memory beyond the process.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { maxBodyBytes } from './emulator.ts';
import type { Emulator } from './emulator.ts';
import { startServer } from './server.ts';
import type { Answer, House, Question } from './server.ts';

type Options = House & {
  emulator: Emulator;
  bucket: string;
  dataDir?: string | undefined;
  port?: number | undefined;
};

export const startS3 = async ({ emulator, bucket, dataDir, ...house }: Options) => {
  await emulator.ask({ method: 'PUT', url: `/${bucket}` });
  const shelf = dataDir === undefined ? undefined : createShelf(emulator, join(dataDir, bucket));
  await shelf?.load();
  return await startServer({
    ...house,
    twin: 's3',
    maxBodyBytes,
    tooLarge: { status: 413 },
    nameOf: ({ method, url = '/' }) => `${method} ${url.split('?')[0]}`,
    answer: async (question) => {
      const { request, path } = question;
      if (request.headers['if-none-match'] === '*' && (await exists(emulator, path))) return alreadyThere;
      const answer = await emulator.pass(question);
      if (answer.status < 300) await shelf?.keep(question);
      return { ...answer, detail: { sizeBytes: Math.max(question.body.length, answer.body.length) } };
    },
  });
};

const exists = async (emulator: Emulator, path: string) =>
  (await emulator.ask({ method: 'HEAD', url: path })).status === 200;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
const alreadyThere: Answer = {
  status: 412,
  headers: { 'content-type': 'application/xml' },
  body: '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>PreconditionFailed</Code><Message>At least one of the pre-conditions you specified did not hold</Message><Condition>If-None-Match</Condition></Error>',
};

const objectSchema = z.object({ path: z.string(), contentType: z.string(), base64: z.base64() });

/** One file per object, written before the caller hears of its success: PutObject and DeleteObject only, no multipart. */
const createShelf = (emulator: Emulator, folder: string) => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fileOf = (path: string) => join(folder, `${createHash('sha256').update(path).digest('hex')}.json`);

  const load = async () => {
    for (const name of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
      const { path, contentType, base64 } = objectSchema.parse(
        JSON.parse(readFileSync(join(folder, name), 'utf8')),
      );
      const headers = { 'content-type': contentType };
      await emulator.ask({ method: 'PUT', url: path, headers, payload: Buffer.from(base64, 'base64') });
    }
  };
  const keep = async ({ request, path, query }: Question) => {
    if (!/^\/[^/]+\/./.test(path) || !/^(?:x-id=\w+)?$/.test(query)) return; // a bucket, or a part of an object
    const file = fileOf(path);
    if (request.method === 'DELETE') rmSync(file, { force: true });
    if (request.method !== 'PUT') return;
    const { headers = {}, body } = await emulator.ask({ method: 'GET', url: path });
    const contentType = String(headers['content-type'] ?? 'application/octet-stream');
    writeFileSync(`${file}.new`, JSON.stringify({ path, contentType, base64: body.toString('base64') }));
    renameSync(`${file}.new`, file);
  };
  return { load, keep };
};
