// The agent's only door: a Unix socket that speaks one call of the Messages API, for one run, up to one budget. The
// provider's key is put in here; the agent never sees it.
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import * as z from 'zod';
import type { Log } from '#core/ports/log.ts';
import { secretMatches } from '#core/signature.ts';
import type { Usage } from '#core/task.ts';
import { failureOfStatus } from './claude-failure.ts';
import type { ModelView } from './claude-verdict.ts';
import type { Upstream } from './gateway-forward.ts';
import { callUpstream, sendBack } from './gateway-forward.ts';
import type { Meter } from './gateway-meter.ts';
import { createMeter } from './gateway-meter.ts';

type GatewayInput = {
  /** In a folder that the agent can pass through but not write: root's own, 0711. */
  socketPath: string;
  upstream: Upstream;
  /** What the agent has for a key. */
  runToken: string;
  budgetUsd: number;
  /** Told what the run has cost so far, after every answer. */
  onSpent?: ((usd: number) => void) | undefined;
  log: Log;
  /** Ends the requests under way. */
  signal: AbortSignal;
};

export type Gateway = {
  usage: () => Usage;
  overBudget: () => boolean;
  /** How the last call of the model ended. */
  modelView: () => ModelView;
  close: () => Promise<void>;
};

const maxBodyBytes = 32 * 1024 * 1024; // https://docs.anthropic.com/en/api/overview: the API's own limit
const maxConnections = 16;
const maxSocketPathBytes = 103; // sun_path: 108 on Linux, 104 on macOS, with the closing zero

export const startGateway = async (input: GatewayInput): Promise<Gateway> => {
  if (Buffer.byteLength(input.socketPath) > maxSocketPathBytes) {
    throw new Error(`a socket's path has at most ${maxSocketPathBytes} bytes: ${input.socketPath}`);
  }
  const meter = createMeter();
  const closing = new AbortController();
  const signal = AbortSignal.any([input.signal, closing.signal]);
  const door: Door = { ...input, meter, signal, modelView: 'unclear' };
  const server = createServer((request, response) => {
    serve(door, request, response).catch((error: unknown) => {
      if (!response.closed && !door.signal.aborted) input.log.warn('model call broke off', named(error));
      response.destroy();
    });
  });
  server.maxConnections = maxConnections;
  await listen(server, input.socketPath);
  return {
    usage: meter.usage,
    overBudget: () => isOverBudget(door),
    modelView: () => door.modelView,
    close: async () => {
      closing.abort();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

/** The mode comes from the umask of this moment: a chmod later would follow whatever lies at the path by then. */
const listen = async (server: Server, socketPath: string) => {
  const before = process.umask(0o111);
  try {
    server.listen(socketPath); // binds before it returns
  } finally {
    process.umask(before);
  }
  await once(server, 'listening');
};

type Door = GatewayInput & { meter: Meter; modelView: ModelView };

const isOverBudget = ({ meter, budgetUsd }: Door): boolean => meter.usage().costUsd >= budgetUsd;

const bodySchema = z.looseObject({ model: z.string().min(1).max(200) });

const serve = async (door: Door, request: IncomingMessage, response: ServerResponse) => {
  if (request.method === 'HEAD') return void response.writeHead(200).end(); // the CLI asks whether somebody is there
  // read to its end whatever comes of it: a socket closed with unread bytes loses the answer too
  const body = await bodyOf(request);
  const refusal = refusalOf(door, request);
  if (refusal) return refuse(door, response, refusal);
  if (!body) return refuse(door, response, tooLarge);
  const { data } = bodySchema.safeParse(jsonOf(body));
  if (!data) return refuse(door, response, notAMessage);
  await forward(door, { request, response, body, model: data.model });
};

type Refusal = { status: number; type: string; message: string };

const tooLarge: Refusal = { status: 413, type: 'request_too_large', message: 'at most 32 MB' };
const notAMessage: Refusal = {
  status: 400,
  type: 'invalid_request_error',
  message: 'not a request for a message',
};

/**
 * 403 and not 401 or 402, because the CLI repeats those for minutes and ends at once on this.
 * https://docs.anthropic.com/en/api/errors
 */
const refusalOf = (door: Door, { headers, method, url }: IncomingMessage): Refusal | undefined => {
  const token = headers['x-api-key'] ?? headers.authorization?.replace(/^Bearer /i, '') ?? '';
  if (!secretMatches(String(token), door.runToken)) {
    return { status: 403, type: 'permission_error', message: 'this is not the token of the run' };
  }
  if (method !== 'POST' || !/^\/v1\/messages(?:\?beta=true)?$/.test(url ?? '')) {
    return { status: 404, type: 'not_found_error', message: 'only POST /v1/messages is here' };
  }
  if (isOverBudget(door)) {
    return { status: 403, type: 'permission_error', message: `the budget of $${door.budgetUsd} is spent` };
  }
  return undefined;
};

const refuse = ({ log }: Door, response: ServerResponse, { status, type, message }: Refusal) => {
  log.warn('model call refused', { status, type });
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ type: 'error', error: { type, message } }));
};

type Call = { request: IncomingMessage; response: ServerResponse; body: Buffer; model: string };

const forward = async (door: Door, { request, response, body, model }: Call) => {
  const startedAt = performance.now();
  const hungUp = new AbortController();
  response.once('close', () => hungUp.abort());
  const signal = AbortSignal.any([door.signal, hungUp.signal]);
  const query = request.url?.split('?')[1] ?? '';
  const measured = door.meter.begin(model);
  const { upstream, log } = door;
  let answer;
  try {
    answer = await callUpstream({ upstream, query, headers: request.headers, body, signal });
  } catch (error) {
    if (signal.aborted) return void response.destroy();
    door.modelView = 'unreachable';
    log.warn('model not reached', named(error));
    return refuse(door, response, { status: 502, type: 'api_error', message: 'the model cannot be reached' });
  }
  try {
    await sendBack(answer, response, measured.read(answer.headers.get('content-type') ?? ''));
    door.modelView = failureOfStatus(answer.status) ?? (measured.isWhole() ? 'well' : 'unclear');
  } catch (error) {
    if (!signal.aborted) door.modelView = 'unreachable'; // it broke off in the middle
    throw error;
  } finally {
    door.onSpent?.(door.meter.usage().costUsd);
    const ms = Math.round(performance.now() - startedAt);
    log.info('model call', { status: answer.status, ms, ...measured.usage() });
  }
};

/** undefined when it is larger than the API takes. */
const bodyOf = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes <= maxBodyBytes) chunks.push(chunk);
  }
  return sizeBytes <= maxBodyBytes ? Buffer.concat(chunks) : undefined;
};

const jsonOf = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined; // the schema refuses it
  }
};

/** Names and codes only: a message may quote what was sent. */
const named = (error: unknown) => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return { error: typeof cause };
  return { error: cause.name, ...('code' in cause && { code: cause.code }) };
};
