// The agent's only door: a Unix socket that speaks one call of the Messages API, for one run, up to one budget. The
// provider's key is put in here; the agent never sees it.
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Log } from '#core/ports/log.ts';
import { secretMatches } from '#core/signature.ts';
import type { Usage } from '#core/task.ts';
import type { ModelView } from '#worker/claude/verdict.ts';
import { betasIn } from './betas.ts';
import { createInputBounds } from './bound.ts';
import type { Door } from './call.ts';
import { named, passOn } from './call.ts';
import type { Upstream } from './forward.ts';
import type { Limits } from './limits.ts';
import { createRate, gatewayLimits } from './limits.ts';
import { createMeter } from './meter.ts';
import { createPurse } from './purse.ts';
import type { Refusal } from './refusal.ts';
import { badRequest, createRefuse, forbidden, tooMany } from './refusal.ts';
import { readModelRequest } from './request.ts';

type GatewayInput = {
  /** In a folder that the agent can pass through but not write: root's own, 0711. */
  socketPath: string;
  upstream: Upstream;
  /** What the agent has for a key. */
  runToken: string;
  /** The models that this run may ask, by their names in a request. */
  models: readonly string[];
  budgetUsd: number;
  /** Told what the run has cost so far, after every answer. */
  onSpent?: ((usd: number) => void) | undefined;
  limits?: Limits;
  /** Milliseconds that only go up. */
  now?: () => number;
  log: Log;
  /** Ends the requests under way. */
  signal: AbortSignal;
};

export type Gateway = {
  usage: () => Usage;
  /** A call was refused because the money did not do for it. */
  overBudget: () => boolean;
  /** How the last call of the model ended. */
  modelView: () => ModelView;
  /** Then every call has ended, and what it cost is in the usage. */
  close: () => Promise<void>;
};

const maxBodyBytes = 32 * 1024 * 1024; // https://docs.anthropic.com/en/api/overview: the API's own limit
const maxConnections = 16;
const maxSocketPathBytes = 103; // sun_path: 108 on Linux, 104 on macOS, with the closing zero

export const startGateway = async (input: GatewayInput): Promise<Gateway> => {
  if (Buffer.byteLength(input.socketPath) > maxSocketPathBytes) {
    throw new Error(`a socket's path has at most ${maxSocketPathBytes} bytes: ${input.socketPath}`);
  }
  const closing = new AbortController();
  const entrance = openEntrance(input, AbortSignal.any([input.signal, closing.signal]));
  const { door } = entrance;
  const serving = new Set<Promise<void>>();
  const server = createServer(patience(entrance.limits), (request, response) => {
    const served = serve(entrance, request, response).catch((error: unknown) => {
      if (!response.closed && !door.signal.aborted) input.log.warn('model call broke off', named(error));
      response.destroy();
    });
    serving.add(served);
    void served.finally(() => serving.delete(served));
  });
  server.maxConnections = maxConnections;
  await listen(server, input.socketPath);
  return {
    usage: () => ({ ...door.meter.usage(), costUsd: door.purse.spentUsd() }),
    overBudget: () => door.isOverBudget,
    modelView: () => door.modelView,
    close: async () => {
      closing.abort();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await Promise.all(serving);
    },
  };
};

const patience = ({ requestMs }: Limits) => ({
  maxHeaderSize: 16 * 1024,
  headersTimeout: requestMs,
  requestTimeout: requestMs,
  connectionsCheckingInterval: requestMs / 5,
});

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

type Entrance = ReturnType<typeof openEntrance>;

const openEntrance = (input: GatewayInput, signal: AbortSignal) => {
  const { limits = gatewayLimits, now = () => performance.now(), budgetUsd, log } = input;
  const door: Door = {
    upstream: input.upstream,
    budgetUsd,
    onSpent: input.onSpent,
    meter: createMeter(),
    purse: createPurse(budgetUsd),
    bounds: createInputBounds(),
    refuse: createRefuse(log),
    now,
    log,
    signal,
    modelView: 'unclear',
    isOverBudget: false,
  };
  const { runToken, models } = input;
  return { door, runToken, models, limits, rate: createRate(limits, now), inside: 0 };
};

const serve = async (entrance: Entrance, request: IncomingMessage, response: ServerResponse) => {
  if (request.method === 'HEAD') return void response.writeHead(200).end(); // the CLI asks whether somebody is there
  const { door } = entrance;
  const refusal = refusalOf(entrance, request);
  if (refusal) {
    // read to its end all the same: a socket closed with unread bytes loses the answer too
    request.resume();
    await once(request, 'end');
    return door.refuse(response, refusal);
  }
  entrance.inside += 1;
  try {
    const read = await readBody(entrance, request);
    if ('refusal' in read) return door.refuse(response, read.refusal);
    await passOn(door, {
      request,
      response,
      asked: read.asked,
      betas: betasIn(request.headers['anthropic-beta']),
    });
  } finally {
    entrance.inside -= 1;
  }
};

const refusalOf = (
  { runToken, rate, inside, limits }: Entrance,
  { headers, method, url }: IncomingMessage,
): Refusal | undefined => {
  const waitSeconds = rate.take();
  if (waitSeconds > 0) return tooMany('too many calls', waitSeconds);
  const token = headers['x-api-key'] ?? headers.authorization?.replace(/^Bearer /i, '') ?? '';
  if (!secretMatches(String(token), runToken)) return forbidden('this is not the token of the run');
  if (method !== 'POST' || !/^\/v1\/messages(?:\?beta=true)?$/.test(url ?? '')) {
    return { status: 404, type: 'not_found_error', message: 'only POST /v1/messages is here' };
  }
  if (inside >= limits.atOnce) return tooMany(`at most ${limits.atOnce} calls at once`, 1);
  return undefined;
};

const readBody = async ({ models }: Entrance, request: IncomingMessage) => {
  const body = await bodyOf(request);
  if (!body) return { refusal: tooLarge };
  const read = readModelRequest(body);
  if (read.kind === 'refused') return { refusal: badRequest(read.message) };
  return models.includes(read.request.model)
    ? { asked: read.request }
    : { refusal: badRequest('model: this run may not ask that one') };
};

const tooLarge: Refusal = { status: 413, type: 'request_too_large', message: 'at most 32 MB' };

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
