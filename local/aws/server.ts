// A small HTTP server on loopback that applies faults and keeps the journal: the floor under every AWS fake of this room.
import { createServer } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Fault, Faults } from '#local/faults.ts';
import type { Journal } from '#local/journal.ts';

export type Question = { request: IncomingMessage; path: string; query: string; body: Buffer };
export type Answer = {
  status: number;
  headers?: OutgoingHttpHeaders;
  body?: string | Uint8Array;
  /** Facts for the journal. */
  detail?: Record<string, unknown>;
  /** Not worth a line there: a poll that found nothing. */
  isQuiet?: boolean;
};
export type House = { journal: Journal; faults: Faults };

type Options = House & {
  twin: string;
  /** What faults and the journal call this request. */
  nameOf: (request: IncomingMessage) => string;
  answer: (question: Question) => Promise<Answer>;
  maxBodyBytes: number;
  tooLarge: Answer;
  port?: number | undefined;
};

export type LocalServer = { url: string; close: () => Promise<void> };

export const startServer = async (options: Options): Promise<LocalServer> => {
  const server = createServer((request, response) => {
    serve(options, request, response).catch(() => {
      // the caller went away in the middle of its request: nobody is left to answer
      response.destroy();
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
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
  const call = options.nameOf(request);
  const body = await read(request, options.maxBodyBytes);
  const fault = options.faults.take(call);
  if (fault?.kind === 'delay') await wait(fault.ms);
  const answer = await answerUnder(fault, () => answerTo(options, request, body));
  const { status, detail = {}, isQuiet = false } = answer ?? { status: 0 };
  if (!isQuiet) options.journal.record({ twin: options.twin, call, status, detail });
  if (answer) write(response, answer);
  else request.socket.destroy();
};

const answerTo = async (options: Options, request: IncomingMessage, body: Buffer | undefined) => {
  if (!body) return options.tooLarge;
  const [path = '/', query = ''] = split(request.url ?? '/');
  try {
    return await options.answer({ request, path, query, body });
  } catch (error) {
    return { status: 500, body: '{"message":"Internal Server Error"}', detail: { error: String(error) } };
  }
};

/** What is answered with this fault in the way; undefined when the connection is cut instead. */
const answerUnder = async (
  fault: Fault | undefined,
  answer: () => Promise<Answer>,
): Promise<Answer | undefined> => {
  switch (fault?.kind) {
    case 'answer':
      return { ...fault, detail: { fault: fault.kind } };
    case 'answer_after':
      return { ...fault, detail: { ...(await answer()).detail, fault: fault.kind } };
    case 'reset':
      return undefined;
    case 'reset_after':
      await answer();
      return undefined;
    case 'delay':
    case undefined:
      return await answer();
  }
};

const write = (response: ServerResponse, { status, headers = {}, body = '' }: Answer) => {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, { 'content-length': bytes.byteLength, ...headers });
  response.end(bytes);
};

/** The whole body, or undefined when it is larger than allowed (it is read to its end all the same: the caller listens only then). */
const read = async (request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes <= maxBytes) chunks.push(chunk);
  }
  return sizeBytes <= maxBytes ? Buffer.concat(chunks) : undefined;
};

const split = (url: string) => {
  const mark = url.indexOf('?');
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
};
