// The Invoke API of AWS Lambda: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Ended } from './function-environment.ts';
import { maxEventBytes, maxRequestBytes } from './invocation.ts';
import { arn } from './names.ts';
import { startServer } from './server.ts';
import type { Answer, House, Question } from './server.ts';

/** One invocation of one function, from JSON to JSON. */
export type Run = (payload: string) => Promise<Ended>;

type Deps = {
  find: (name: string) => Run | undefined;
  enqueue: (name: string, payload: string) => void;
};
type Options = House & Deps & { port?: number | undefined };

export const startInvokeApi = (options: Options) =>
  startServer({
    ...options,
    twin: 'lambda-api',
    maxBodyBytes: maxRequestBytes,
    tooLarge: tooLarge(maxRequestBytes),
    nameOf: (request) => {
      const name = functionName(request);
      return name === undefined ? `${request.method} ${request.url}` : `Invoke ${name}`;
    },
    answer: (question) => answer(options, question),
  });

const answer = async ({ find, enqueue }: Deps, { request, body }: Question): Promise<Answer> => {
  const name = functionName(request);
  if (name === undefined) return failure(404, 'UnknownOperationException', 'Unknown operation');
  const run = find(name);
  if (!run)
    return failure(
      404,
      'ResourceNotFoundException',
      `Function not found: ${arn('lambda', `function:${name}`)}`,
    );
  const payload = body.toString() || '{}';
  if (!isJson(payload))
    return failure(400, 'InvalidRequestContentException', 'Could not parse request body into json');
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (type === 'Event') {
    if (body.length > maxEventBytes) return tooLarge(maxEventBytes);
    enqueue(name, payload);
    return { status: 202, headers: { 'x-amzn-requestid': randomUUID() } };
  }
  if (type !== 'RequestResponse')
    return failure(400, 'InvalidParameterValueException', `Invocation type ${type} is not known here`);
  return toAnswer(await run(payload));
};

/** A failed function is HTTP 200 with a header, as in Lambda. */
const toAnswer = (end: Ended): Answer => ({
  status: 200,
  headers: {
    'content-type': 'application/json',
    'x-amzn-requestid': randomUUID(),
    'x-amz-executed-version': '$LATEST',
    ...(end.kind === 'failed' && { 'x-amz-function-error': 'Unhandled' }),
  },
  body: end.kind === 'failed' ? JSON.stringify(end.error) : end.json,
});

const failure = (status: number, errorType: string, message: string): Answer => ({
  status,
  headers: { 'content-type': 'application/json', 'x-amzn-errortype': errorType },
  body: JSON.stringify({ Type: 'User', message, Message: message }),
  detail: { error: errorType },
});

const tooLarge = (maxBytes: number) =>
  failure(
    413,
    'RequestEntityTooLargeException',
    `Request must be smaller than ${maxBytes} bytes for the InvokeFunction operation`,
  );

/** From a name, an ARN or a partial ARN, with or without :$LATEST. */
const functionName = ({ method, url = '' }: IncomingMessage): string | undefined => {
  const given = /^\/2015-03-31\/functions\/([^/?]+)\/invocations(?:\?.*)?$/.exec(url)?.[1];
  if (method !== 'POST' || given === undefined) return undefined;
  const parts = decodeURIComponent(given).split(':');
  const marker = parts.indexOf('function');
  return marker === -1 ? parts[0] : parts[marker + 1];
};

const isJson = (text: string) => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
