// One request from the gateway to the model provider, and its answer back, chunk by chunk.
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { AnswerMeter } from './gateway-meter.ts';

export type Upstream = { baseUrl: string; apiKey: string };

type Forwarded = {
  upstream: Upstream;
  /** Without a leading `?`; may be empty. */
  query: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  signal: AbortSignal;
};

/**
 * Sends it with the real key and nothing that the client said about who it is. No redirect is followed: the key goes to
 * one address. Node's fetch gives up after five minutes without headers or without a byte.
 */
export const callUpstream = ({ upstream, query, headers, body, signal }: Forwarded): Promise<Response> =>
  fetch(`${upstream.baseUrl.replace(/\/+$/, '')}/v1/messages${query && `?${query}`}`, {
    method: 'POST',
    headers: {
      ...allowed(headers, requestHeaders),
      'x-api-key': upstream.apiKey,
      'accept-encoding': 'identity', // the meter reads along
    },
    body: new Uint8Array(body),
    redirect: 'error',
    signal,
  });

/** Status, body and what the client's retries go by pass as they came. Waits where the client reads slowly. */
export const sendBack = async (
  answer: Response,
  response: ServerResponse,
  meter: AnswerMeter,
): Promise<void> => {
  response.writeHead(answer.status, allowed(Object.fromEntries(answer.headers), responseHeaders));
  response.flushHeaders();
  await pipeline(metered(answer, meter), response);
};

async function* metered({ body }: Response, meter: AnswerMeter): AsyncGenerator<Uint8Array> {
  for await (const chunk of body ?? []) {
    meter.push(chunk);
    yield chunk;
  }
  meter.end();
}

const requestHeaders = /^(?:content-type|accept|user-agent|x-app|anthropic-(?:version|beta)|x-stainless-.+)$/;
const responseHeaders =
  /^(?:content-type|retry-after|retry-after-ms|x-should-retry|request-id|anthropic-ratelimit-.+)$/;

const allowed = (headers: IncomingHttpHeaders, names: RegExp): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      names.test(name) && typeof value === 'string' ? [[name, value]] : [],
    ),
  );
