// The AWS JSON protocol: POST / with the operation in X-Amz-Target, errors by __type.
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type * as z from 'zod';
import { startServer } from './server.ts';
import type { Answer, House, Question } from './server.ts';

/** An error that the SDK turns into its class of this name. */
export class AwsError extends Error {
  readonly fields: Record<string, unknown>;
  constructor(name: string, message: string, fields: Record<string, unknown> = {}) {
    super(message);
    this.name = name;
    this.fields = fields;
  }
}

/** The signal tells that the caller hung up before it was answered. */
export type Operation = (input: unknown, gone: AbortSignal) => unknown;

type Options = House & {
  twin: string;
  /** The part of X-Amz-Target before the dot. */
  service: string;
  operations: Record<string, Operation>;
  /** What the journal may know of a call. */
  detail: (input: unknown, output: unknown) => Record<string, unknown>;
  /** What is not worth a line there. */
  isQuiet?: (output: unknown) => boolean;
  version?: '1.0' | '1.1';
  errorHeaders?: (name: string) => OutgoingHttpHeaders;
  port?: number | undefined;
};

/** An operation whose input is checked first, as AWS does: what does not fit is a ValidationException. */
export const operation =
  <S extends z.ZodType>(schema: S, run: (input: z.infer<S>) => unknown): Operation =>
  (input) => {
    const parsed = schema.safeParse(input);
    if (parsed.success) return run(parsed.data);
    const [issue] = parsed.error.issues;
    throw new AwsError('ValidationException', `${issue?.path.join('.')}: ${issue?.message}`);
  };

export const startJsonApi = ({ twin, service, operations, detail, ...rest }: Options) => {
  const { isQuiet, version = '1.1', errorHeaders } = rest;
  const headers = { 'content-type': `application/x-amz-json-${version}` };
  const toError = (error: AwsError, facts: Record<string, unknown> = {}): Answer => ({
    status: 400,
    headers: { ...headers, ...errorHeaders?.(error.name) },
    // services differ in the case of "message"; the SDKs read both
    body: JSON.stringify({
      __type: error.name,
      message: error.message,
      Message: error.message,
      ...error.fields,
    }),
    detail: { ...facts, error: error.name },
  });
  const carryOut = async (run: Operation, { request, body }: Question): Promise<Answer> => {
    let input: unknown;
    const caller = hangUpOf(request.socket);
    try {
      input = JSON.parse(body.toString());
      const output = await run(input, caller.gone);
      const facts = { detail: detail(input, output), isQuiet: isQuiet?.(output) ?? false };
      return { status: 200, headers, body: JSON.stringify(output), ...facts };
    } catch (error) {
      if (error instanceof SyntaxError) return toError(new AwsError('SerializationException', 'Not JSON.'));
      if (!(error instanceof AwsError)) throw error;
      return toError(error, detail(input, undefined));
    } finally {
      caller.forget();
    }
  };

  return startServer({
    ...rest,
    twin,
    maxBodyBytes: 10 * 1024 * 1024,
    tooLarge: toError(new AwsError('RequestEntityTooLargeException', 'Request is too large.')),
    nameOf: (request) => operationName(request, service) ?? `${request.method} ${request.url}`,
    answer: async (question) => {
      const name = operationName(question.request, service);
      if (!question.request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 '))
        return toError(new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token'));
      const run = Object.entries(operations).find(([known]) => known === name)?.[1];
      if (!run) return toError(new AwsError('UnknownOperationException', `Unknown operation ${name}`));
      return await carryOut(run, question);
    },
  });
};

const hangUpOf = (socket: Socket) => {
  const hungUp = new AbortController();
  const abort = () => hungUp.abort();
  if (socket.destroyed) abort();
  socket.once('close', abort);
  return { gone: hungUp.signal, forget: () => socket.off('close', abort) };
};

const operationName = ({ headers }: IncomingMessage, service: string): string | undefined => {
  const target = String(headers['x-amz-target'] ?? '');
  return target.startsWith(`${service}.`) ? target.slice(service.length + 1) : undefined;
};
