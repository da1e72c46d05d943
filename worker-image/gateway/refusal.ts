// How the gateway says no, in the form that the provider has for it. https://docs.anthropic.com/en/api/errors
import type { ServerResponse } from 'node:http';
import type { Log } from '#core/ports/log.ts';

export type Refusal = { status: number; type: string; message: string; retryAfterSeconds?: number };
export type Refuse = (response: ServerResponse, refusal: Refusal) => void;

/** What the agent sends in a loop must not become a log without end. */
const maxLogged = 100;

export const createRefuse = (log: Log): Refuse => {
  let count = 0;
  return (response, { status, type, message, retryAfterSeconds }) => {
    count += 1;
    if (count <= maxLogged) log.warn('model call refused', { status, type, message });
    if (count === maxLogged) log.warn('more refusals are not logged');
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(Math.ceil(retryAfterSeconds)) }),
    });
    response.end(JSON.stringify({ type: 'error', error: { type, message } }));
  };
};

export const tooMany = (message: string, retryAfterSeconds: number): Refusal => ({
  status: 429,
  type: 'rate_limit_error',
  message,
  retryAfterSeconds,
});

/** 403 and not 402, because the CLI repeats that for minutes and ends at once on this. */
export const forbidden = (message: string): Refusal => ({ status: 403, type: 'permission_error', message });

export const badRequest = (message: string): Refusal => ({
  status: 400,
  type: 'invalid_request_error',
  message,
});
