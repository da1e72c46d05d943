// AWS Lambda on a laptop: the very entry files, each in threads of its own, called in the house or over the Invoke API.
import { randomUUID } from 'node:crypto';
import { createEventQueue } from './event-queue.ts';
import { startEnvironment } from './function-environment.ts';
import type { Ended, Environment, FunctionDefinition } from './function-environment.ts';
import { createPool } from './function-pool.ts';
import { PayloadTooLarge, maxRequestBytes } from './invocation.ts';
import type { Invocation, Invoke } from './invocation.ts';
import { startInvokeApi } from './invoke-api.ts';
import type { Run } from './invoke-api.ts';
import type { House } from './server.ts';

type Options = House & {
  /** Each gets its env, what the runtime sets, and the address of this Invoke API: nothing else. */
  functions: Record<string, FunctionDefinition>;
  onLog: (name: string, line: string) => void;
  /** Environments per function; more calls than that wait, where Lambda would scale out or throttle. */
  maxEnvironments?: number;
  /** Before the second and third try of an asynchronous call: 1 and 2 minutes in Lambda. */
  retryDelaysMs?: readonly number[];
  /** The init phase of an environment. */
  initMs?: number;
  port?: number;
};

type One = { environment: Environment; isCold: boolean; name: string; payload: string };

/** Unlike Lambda, a thread is not frozen between invocations. */
export const startFunctions = async (options: Options) => {
  const { functions, journal, maxEnvironments = 2, retryDelaysMs = [1000, 2000] } = options;
  const pools = new Map(
    Object.entries(functions).map(([name, definition]) => [
      name,
      createPool({
        max: maxEnvironments,
        create: () =>
          startEnvironment({
            ...definition,
            name,
            env: { AWS_ENDPOINT_URL_LAMBDA: api.url, ...definition.env },
            onLog: (line) => options.onLog(name, line),
            ...(options.initMs !== undefined && { initMs: options.initMs }),
          }),
      }),
    ]),
  );
  const find = (name: string): Run | undefined => {
    const pool = pools.get(name);
    return (
      pool && ((payload) => pool.use((environment, isCold) => run({ environment, isCold, name, payload })))
    );
  };
  const run = async ({ environment, isCold, name, payload }: One): Promise<Ended> => {
    const requestId = randomUUID();
    const startedAt = Date.now();
    const end = await environment.invoke({ requestId, payload });
    const error = end.kind === 'failed' ? end.error : undefined;
    const detail = { requestId, durationMs: Date.now() - startedAt, isCold, payload, error };
    journal.record({ twin: 'lambda', call: name, status: error ? 500 : 200, detail });
    if (error) options.onLog(name, `ERROR Invoke Error ${JSON.stringify(error)}`); // as the runtime logs it
    return end;
  };

  const events = createEventQueue({ find, journal, retryDelaysMs });
  const invoke: Invoke = async (name, payload) => {
    const text = toText(payload, maxRequestBytes);
    const run = find(name);
    if (!run) throw new Error(`there is no function ${name}`);
    return toInvocation(await run(text));
  };
  const api = await startInvokeApi({ ...options, find, enqueue: events.enqueue });
  return {
    url: api.url,
    invoke,
    /** As a host that fails: whoever waits for an answer is told so, the next call begins cold. */
    crash: async (name: string) => {
      await pools.get(name)?.crash();
    },
    close: async () => {
      await api.close();
      await Promise.all([events.close(), ...[...pools.values()].map((pool) => pool.close())]);
    },
  };
};

const toText = (payload: unknown, maxBytes: number) => {
  const text = (JSON.stringify(payload) as string | undefined) ?? '{}'; // a call without a payload gets an empty event
  if (Buffer.byteLength(text) > maxBytes) throw new PayloadTooLarge(`more than ${maxBytes} bytes`);
  return text;
};

const toInvocation = (end: Ended): Invocation =>
  end.kind === 'answered' ? { kind: 'answered', result: JSON.parse(end.json) } : end;
