// What a call of a function gives, and what house and thread say to each other about it.
export type FunctionError = { errorType: string; errorMessage: string; trace?: string[] };

/** A function that fails is an answer too, as in Lambda: only an unknown function or a payload over the limit is thrown. */
export type Invocation = { kind: 'answered'; result: unknown } | { kind: 'failed'; error: FunctionError };

/** Calls a function and waits; payload and result go through JSON. */
export type Invoke = (name: string, payload: unknown) => Promise<Invocation>;

/** Thrown for a payload that Lambda would not take. */
export class PayloadTooLarge extends Error {
  override readonly name = 'PayloadTooLarge';
}

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const maxRequestBytes = 6 * 1024 * 1024;
export const maxEventBytes = 1024 * 1024;
export const maxResponseBytes = 6 * 1024 * 1024 + 100;

export type ThreadSetup = { entry: string; functionName: string; functionArn: string };
export type ThreadRequest = { requestId: string; payload: string; deadlineMs: number };
export type ThreadMessage =
  | { kind: 'ready' }
  | { kind: 'init_failed'; error: FunctionError }
  | { kind: 'answered'; json: string }
  | { kind: 'failed'; error: FunctionError };

/** As Lambda's Node runtime writes an error down. */
export const toFunctionError = (thrown: unknown): FunctionError =>
  thrown instanceof Error
    ? { errorType: thrown.name, errorMessage: thrown.message, trace: thrown.stack?.split('\n') ?? [] }
    : { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
