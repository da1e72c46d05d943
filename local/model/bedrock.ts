// Amazon Bedrock's two ways to ask a model, over HTTP/2 as the SDK speaks it and with the framing of its event streams.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
import { once } from 'node:events';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { EventStreamCodec } from '@smithy/core/event-streams';
import { fromUtf8, toUtf8 } from '@smithy/core/serde';
import * as z from 'zod';
import { region } from '#local/aws/names.ts';
import type { Faults } from '#local/faults.ts';
import type { Journal } from '#local/journal.ts';
import { answerTo } from './answer-to.ts';
import type { Script } from './conversation.ts';
import { messagesRequestSchema, toEvents } from './messages-api.ts';

type Options = { journal: Journal; faults: Faults; script: Script };

/** The model and whether it streams are in the path, and a body that names them is refused. */
const bodySchema = z.looseObject({
  anthropic_version: z.literal('bedrock-2023-05-31'),
  model: z.never().optional(),
  stream: z.never().optional(),
});

export const startBedrock = async (options: Options) => {
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, headers) => {
    serve(options, stream, headers).catch(() => stream.destroy()); // the caller went away
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, 'close');
      for (const session of sessions) session.destroy();
      server.close();
      await closed;
    },
  };
};

type Headers = Record<string, string | string[] | undefined>;

const serve = async (options: Options, stream: ServerHttp2Stream, headers: Headers) => {
  const path = String(headers[':path']);
  const body = await text(stream);
  const [, id = '', verb = ''] = /^\/model\/([^/]+)\/(invoke|invoke-with-response-stream)$/.exec(path) ?? [];
  const call = `Bedrock ${verb}`;
  const fault = options.faults.take(call);
  const reply =
    fault?.kind === 'answer'
      ? failure(fault.status, String(fault.headers?.['x-amzn-errortype']), 'put in by a test')
      : replyTo(options, { id, headers, body });
  const detail = {
    model: decodeURIComponent(id),
    headers,
    body,
    ...('said' in reply && { said: reply.said }),
  };
  options.journal.record({ twin: 'bedrock', call, status: reply.status, detail });
  if (!('events' in reply) || verb === 'invoke') {
    const kind = 'error' in reply ? { 'x-amzn-errortype': reply.error } : {};
    stream.respond({ ':status': reply.status, 'content-type': 'application/json', ...kind });
    return void stream.end(reply.body);
  }
  stream.respond({ ':status': 200, 'content-type': 'application/vnd.amazon.eventstream' });
  const events = fault?.kind === 'reset_after' ? reply.events.slice(0, -2) : reply.events;
  for (const [index, event] of events.entries()) {
    if (index === 1 && fault?.kind === 'delay') await wait(fault.ms, undefined, { ref: false });
    stream.write(frame(event));
  }
  if (fault?.kind === 'reset_after') stream.write(exception, () => stream.end());
  else stream.end();
};

type Question = { id: string; headers: Headers; body: string };

const replyTo = ({ script }: Options, { id, headers, body }: Question) => {
  if (!isSigned(headers)) return failure(403, 'AccessDeniedException', 'the request is not signed for it');
  const given: unknown = JSON.parse(body);
  const parsed = bodySchema.safeParse(given);
  if (!parsed.success) return failure(400, 'ValidationException', 'Malformed input request');
  const request = messagesRequestSchema.parse({ ...parsed.data, model: decodeURIComponent(id) });
  const { message, said } = answerTo(script, request);
  const events = toEvents(message).map((event) => event.slice(event.indexOf('data: ') + 6).trim());
  return { status: 200, body: JSON.stringify(message), events, said };
};

const isSigned = ({ authorization }: Headers): boolean =>
  new RegExp(`^AWS4-HMAC-SHA256 Credential=[^/]+/\\d{8}/${region}/bedrock/aws4_request, `).test(
    String(authorization),
  );

const failure = (status: number, error: string, message: string) => ({
  status,
  error,
  body: JSON.stringify({ message }),
});

const codec = new EventStreamCodec(toUtf8, fromUtf8);
const header = (value: string) => ({ type: 'string', value }) as const;

/** An event of the model is bytes in base64 in JSON in a frame with two checksums. */
const frame = (event: string): Uint8Array =>
  codec.encode({
    headers: {
      ':event-type': header('chunk'),
      ':content-type': header('application/json'),
      ':message-type': header('event'),
    },
    body: fromUtf8(JSON.stringify({ bytes: Buffer.from(event).toString('base64') })),
  });

const exception = codec.encode({
  headers: {
    ':exception-type': header('modelStreamErrorException'),
    ':content-type': header('application/json'),
    ':message-type': header('exception'),
  },
  body: fromUtf8(JSON.stringify({ message: 'The model broke off.' })),
});
