// One request from the gateway to the model provider, and its answer back, chunk by chunk.
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Bedrock } from './bedrock.ts';
import { askBedrock } from './bedrock.ts';
import type { Beta } from './betas.ts';
import type { AnswerMeter } from './meter.ts';
import type { ModelRequest } from './request.ts';

/** The Messages API, with an account's key or with the token of a subscription; or Bedrock. */
export type Upstream = MessagesApi | { bedrock: Bedrock };
type MessagesApi = { baseUrl: string } & ({ apiKey: string } | { oauthToken: string });

type Forwarded = {
  upstream: Upstream;
  /** Without a leading `?`; may be empty. */
  query: string;
  userAgent: string | undefined;
  betas: Beta[];
  request: ModelRequest;
  signal: AbortSignal;
};
type Asked = Omit<Forwarded, 'upstream'>;

export const callUpstream = ({ upstream, ...asked }: Forwarded): Promise<Response> =>
  'bedrock' in upstream ? askBedrock(upstream.bedrock, asked) : askApi(upstream, asked);

/**
 * Sends it with the real key; of the headers that the client sent only its name is left. No redirect is followed: the key
 * goes to one address. Node's fetch gives up after five minutes without headers or without a byte.
 */
const askApi = (api: MessagesApi, { query, request, signal, ...said }: Asked): Promise<Response> =>
  fetch(`${api.baseUrl.replace(/\/+$/, '')}/v1/messages${query && `?${query}`}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'accept-encoding': 'identity', // the meter reads along
      'anthropic-version': '2023-06-01',
      'x-app': 'cli',
      ...nameOf(said.userAgent),
      ...identityOf(api, said.betas),
    },
    body: JSON.stringify(request),
    redirect: 'error',
    signal,
  });

const nameOf = (userAgent = '') =>
  /^claude-cli\/[\w.-]{1,40} \([\w, .-]{1,100}\)$/.test(userAgent) ? { 'user-agent': userAgent } : {};

/** The API takes the token of a subscription only with this beta. */
const oauthBeta = 'oauth-2025-04-20';

const identityOf = (api: MessagesApi, betas: readonly string[]): Record<string, string> =>
  'apiKey' in api
    ? { 'x-api-key': api.apiKey, ...betaHeader(betas) }
    : { authorization: `Bearer ${api.oauthToken}`, ...betaHeader([...betas, oauthBeta]) };

const betaHeader = (betas: readonly string[]) =>
  betas.length > 0 ? { 'anthropic-beta': betas.join(',') } : undefined;

/**
 * Status, body and what the client's retries go by pass as they came. Waits where the client reads slowly. `onBroken` is
 * told when it is the provider that does not come to the end.
 */
export const sendBack = async (
  answer: Response,
  response: ServerResponse,
  { meter, onBroken }: { meter: AnswerMeter; onBroken: () => void },
): Promise<void> => {
  response.writeHead(answer.status, allowed(Object.fromEntries(answer.headers), responseHeaders));
  response.flushHeaders();
  await pipeline(metered(read(answer, onBroken), meter), response);
};

async function* metered(chunks: AsyncIterable<Uint8Array>, meter: AnswerMeter): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    meter.push(chunk);
    yield chunk;
  }
  meter.end();
}

async function* read({ body }: Response, onBroken: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* body ?? [];
  } catch (error) {
    onBroken();
    throw error;
  }
}

const responseHeaders =
  /^(?:content-type|retry-after|retry-after-ms|x-should-retry|request-id|anthropic-ratelimit-.+)$/;

const allowed = (headers: IncomingHttpHeaders, names: RegExp): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      names.test(name) && typeof value === 'string' ? [[name, value]] : [],
    ),
  );
