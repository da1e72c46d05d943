// A model server that speaks the Messages API and thinks by script: it decides from what it is sent.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { secretMatches } from '#core/signature.ts';
import type { Fault, Faults } from '#local/faults.ts';
import type { Journal } from '#local/journal.ts';
import { answerTo } from './answer-to.ts';
import type { Script } from './conversation.ts';
import { fixFailingTest } from './fix-failing-test.ts';
import { apiError, messagesRequestSchema, toEvents } from './messages-api.ts';

type Options = {
  journal: Journal;
  faults: Faults;
  /** Every key is right when left out. */
  apiKey?: string;
  script?: Script;
};

type Reply = {
  status: number;
  contentType: string;
  parts: string[];
  headers?: Record<string, string>;
  /** For the journal: the words and the tool of this turn. */
  said?: string;
};

export const startScriptedModel = async (options: Options) => {
  const server = createServer((request, response) => {
    serve(options, request, response).catch(() => {
      // the caller went away in the middle of it: nobody is left to answer
      response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

const serve = async (options: Options, request: IncomingMessage, response: ServerResponse) => {
  if (request.method === 'HEAD') return void response.writeHead(200).end();
  const body = await textOf(request);
  const call = `${request.method} ${(request.url ?? '/').split('?')[0]}`;
  const fault = options.faults.take(call);
  if (fault?.kind === 'delay') await wait(fault.ms);
  const reply = replyUnder(fault, () => replyTo(options, { call, request, body }));
  options.journal.record({
    twin: 'model',
    call,
    status: reply?.status ?? 0,
    detail: {
      url: request.url,
      headers: shownHeaders(options, request),
      body,
      ...(reply?.said !== undefined && { said: reply.said }),
      ...(fault && { fault: fault.kind }),
    },
  });
  if (!reply) return void request.socket.destroy();
  await write(response, reply, fault?.kind === 'reset_after');
};

const replyUnder = (fault: Fault | undefined, reply: () => Reply): Reply | undefined => {
  if (fault?.kind === 'reset') return undefined;
  if (fault?.kind !== 'answer' && fault?.kind !== 'answer_after') return reply();
  if (fault.kind === 'answer_after') reply();
  const { status, body = apiError('api_error', 'put in by a test'), headers = {} } = fault;
  return { status, contentType: 'application/json', parts: [body], headers };
};

type Question = { call: string; request: IncomingMessage; body: string };

const replyTo = (options: Options, { call, request, body }: Question): Reply => {
  if (!isKeyRight(options, request)) return refusal(401, 'authentication_error', 'invalid x-api-key');
  if (call !== 'POST /v1/messages') return refusal(404, 'not_found_error', 'Not found');
  const parsed = messagesRequestSchema.safeParse(jsonOf(body));
  if (!parsed.success) return refusal(400, 'invalid_request_error', 'not a request for a message');
  const { message, said } = answerTo(options.script ?? fixFailingTest, parsed.data);
  return parsed.data.stream
    ? { status: 200, contentType: 'text/event-stream; charset=utf-8', parts: toEvents(message), said }
    : { status: 200, contentType: 'application/json', parts: [JSON.stringify(message)], said };
};

const refusal = (status: number, type: string, message: string): Reply => ({
  status,
  contentType: 'application/json',
  parts: [apiError(type, message)],
});

const isKeyRight = ({ apiKey }: Options, request: IncomingMessage): boolean =>
  apiKey === undefined || secretMatches(String(request.headers['x-api-key'] ?? ''), apiKey);

/** The journal tells whether the key was right, not the key. */
const shownHeaders = (options: Options, { headers }: IncomingMessage) =>
  headers['x-api-key'] === undefined || !options.apiKey
    ? headers
    : {
        ...headers,
        'x-api-key': secretMatches(String(headers['x-api-key']), options.apiKey) ? 'right' : 'wrong',
      };

const write = async (response: ServerResponse, reply: Reply, isCut: boolean) => {
  response.writeHead(reply.status, { 'content-type': reply.contentType, ...reply.headers });
  for (const part of isCut ? reply.parts.slice(0, -2) : reply.parts) {
    if (!response.write(part)) await once(response, 'drain');
  }
  if (!isCut) return void response.end();
  await new Promise((resolve) => response.write('\n', resolve)); // what came before the cut has left
  response.destroy();
};

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

const jsonOf = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // the schema refuses it
  }
};
