// The AWS JSON 1.1 protocol: POST / with the operation in X-Amz-Target, errors by __type.
import type { IncomingMessage } from 'node:http';
import type * as z from 'zod';
import { startServer } from './server.ts';
import type { Answer, House } from './server.ts';

/** An error that the SDK turns into its class of this name. */
export class AwsError extends Error {
  readonly fields: Record<string, unknown>;
  constructor(name: string, message: string, fields: Record<string, unknown> = {}) {
    super(message);
    this.name = name;
    this.fields = fields;
  }
}

export type Operation = (input: unknown) => unknown;

type Options = House & {
  twin: string;
  /** The part of X-Amz-Target before the dot. */
  service: string;
  operations: Record<string, Operation>;
  /** What the journal may know of a call. */
  detail: (input: unknown, output: unknown) => Record<string, unknown>;
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

export const startJsonApi = ({ twin, service, operations, detail, ...rest }: Options) =>
  startServer({
    ...rest,
    twin,
    maxBodyBytes: 10 * 1024 * 1024,
    tooLarge: toError(new AwsError('RequestEntityTooLargeException', 'Request is too large.')),
    nameOf: (request) => operationName(request, service) ?? `${request.method} ${request.url}`,
    answer: async ({ request, body }) => {
      const name = operationName(request, service);
      if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 '))
        return toError(new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token'));
      const run = Object.entries(operations).find(([known]) => known === name)?.[1];
      if (!run) return toError(new AwsError('UnknownOperationException', `Unknown operation ${name}`));
      return await carryOut({ run, detail }, body);
    },
  });

const carryOut = async ({ run, detail }: { run: Operation; detail: Options['detail'] }, body: Buffer) => {
  let input: unknown;
  try {
    input = JSON.parse(body.toString());
    const output = await run(input);
    return { status: 200, headers: contentType, body: JSON.stringify(output), detail: detail(input, output) };
  } catch (error) {
    if (error instanceof SyntaxError) return toError(new AwsError('SerializationException', 'Not JSON.'));
    if (!(error instanceof AwsError)) throw error;
    return toError(error, detail(input, undefined));
  }
};

const contentType = { 'content-type': 'application/x-amz-json-1.1' };

const toError = (error: AwsError, detail: Record<string, unknown> = {}): Answer => ({
  status: 400,
  headers: contentType,
  // services differ in the case of "message"; the SDKs read both
  body: JSON.stringify({
    __type: error.name,
    message: error.message,
    Message: error.message,
    ...error.fields,
  }),
  detail: { ...detail, error: error.name },
});

const operationName = ({ headers }: IncomingMessage, service: string): string | undefined => {
  const target = String(headers['x-amz-target'] ?? '');
  return target.startsWith(`${service}.`) ? target.slice(service.length + 1) : undefined;
};
