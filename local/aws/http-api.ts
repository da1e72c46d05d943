// API Gateway HTTP API: real HTTP becomes a payload-2.0 event for a function, and its answer HTTP again.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
import { setTimeout as wait } from 'node:timers/promises';
import { toEvent } from './http-api-event.ts';
import { toResponse } from './http-api-response.ts';
import { PayloadTooLarge } from './invocation.ts';
import type { Invoke } from './invocation.ts';
import { startServer } from './server.ts';
import type { Answer, House, Question } from './server.ts';

type Options = House & {
  /** 'POST /webhooks/github' → the name of a function; the path is matched exactly. */
  routes: Record<string, string>;
  invoke: Invoke;
  port?: number;
  /** 30 s, and not to be raised: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
  timeoutMs?: number;
};

const maxBodyBytes = 10 * 1024 * 1024;

export const startHttpApi = (options: Options) =>
  startServer({
    ...options,
    twin: 'http-api',
    maxBodyBytes,
    tooLarge: message(413, 'Request Entity Too Large'),
    nameOf: ({ method, url = '/' }) => `${method} ${url.split('?')[0]}`,
    answer: (question) => answer(options, question),
  });

const answer = async (
  { routes, invoke, timeoutMs = 30_000 }: Options,
  question: Question,
): Promise<Answer> => {
  const routeKey = `${question.request.method} ${question.path}`;
  const name = Object.hasOwn(routes, routeKey) ? routes[routeKey] : undefined;
  if (name === undefined) return message(404, 'Not Found');
  const late = new AbortController();
  try {
    const end = await Promise.race([
      invoke(name, toEvent(question, routeKey)),
      wait(timeoutMs, 'late' as const, { signal: late.signal }),
    ]);
    if (end === 'late') return message(503, 'Service Unavailable');
    return (
      (end.kind === 'answered' ? toResponse(end.result) : undefined) ?? message(500, 'Internal Server Error')
    );
  } catch (error) {
    // the gateway takes 10 MB, the function's event 6: what lies between ends here
    if (error instanceof PayloadTooLarge) return message(413, 'Request Entity Too Large');
    throw error;
  } finally {
    late.abort();
  }
};

const message = (status: number, text: string): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ message: text }),
});
