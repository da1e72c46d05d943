// A gateway between a client and a provider that the test plays itself.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { aLog } from '#test/support/fakes.ts';
import type { Gateway } from '#worker/gateway/gateway.ts';
import { startGateway } from '#worker/gateway/gateway.ts';

export const key = 'key-of-the-provider-account';
export const token = 'token-of-this-run';
/** What a client may ask, with changes. */
export const aQuestion = (changes: object = {}) =>
  JSON.stringify({
    model: 'claude-opus-5-5',
    max_tokens: 5,
    messages: [{ role: 'user', content: 'hello' }],
    ...changes,
  });
export const question = aQuestion();

export const answer = (usage: object) => JSON.stringify({ type: 'message', model: 'claude-opus-5-5', usage });
export const event = (body: { type: string; [key: string]: unknown }) =>
  `event: ${body.type}\ndata: ${JSON.stringify(body)}\n\n`;
export const start = (usage: object) =>
  event({ type: 'message_start', message: { model: 'claude-opus-5-5', usage } });
export const delta = (usage: object) => event({ type: 'message_delta', delta: {}, usage });
export const json = (response: ServerResponse, body: string) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);

type Seen = {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
};
type Call = { method?: string; path?: string; headers?: Record<string, string>; body?: string };
type Gate = Partial<Pick<Parameters<typeof startGateway>[0], 'upstream' | 'limits' | 'now' | 'models'>> & {
  budgetUsd?: number;
  signal?: AbortSignal;
  socketPath?: string;
  onSpent?: (usd: number) => void;
};

export const aGatewayBench = () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-'));
  const closers: (() => Promise<void>)[] = [];
  const seen: Seen[] = [];
  const log = aLog();
  const socketPath = join(folder, 'model.sock');

  const provider = async (listener: RequestListener) => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(async () => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  const openTo = async (baseUrl: string, gate: Gate = {}): Promise<Gateway> => {
    const gateway = await startGateway({
      socketPath,
      upstream: { baseUrl, apiKey: key },
      runToken: token,
      models: ['claude-opus-5-5', 'claude-haiku-5-5'],
      budgetUsd: 1,
      log: log.log,
      signal: new AbortController().signal,
      ...gate,
    });
    closers.push(gateway.close);
    return gateway;
  };

  /** A provider that remembers what it was sent, and a gateway in front of it. */
  const open = async (reply: (response: ServerResponse, count: number) => void, gate: Gate = {}) => {
    const baseUrl = await provider(async (message, response) => {
      const { method, url, headers } = message;
      seen.push({ method, url, headers, body: await text(message) });
      reply(response, seen.length);
    });
    return await openTo(baseUrl, gate);
  };

  const begin = ({ method = 'POST', path = '/v1/messages', headers, body = question }: Call = {}) => {
    const identity = headers ?? { 'x-api-key': token };
    const all = { 'content-type': 'application/json', ...identity };
    const call = request({ socketPath, method, path, agent: false, headers: all });
    call.end(body);
    return call;
  };
  const ask = async (call: Call = {}) => {
    const [response] = (await once(begin(call), 'response')) as [IncomingMessage];
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  };

  const close = async () => {
    for (const end of closers.reverse()) await end();
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, socketPath, seen, log, provider, open, openTo, begin, ask, close };
};
