// One execution environment of a function: a thread with its own modules and environment, one invocation at a time.
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { toFunctionError } from './invocation.ts';
import type { FunctionError, ThreadMessage, ThreadRequest, ThreadSetup } from './invocation.ts';
import { arn, region } from './names.ts';

export type FunctionDefinition = { entry: URL; env: Record<string, string>; timeoutMs: number };
export type Ended = { kind: 'answered'; json: string } | { kind: 'failed'; error: FunctionError };

export type Environment = {
  isAlive: () => boolean;
  invoke: (request: Pick<ThreadRequest, 'requestId' | 'payload'>) => Promise<Ended>;
  stop: () => Promise<void>;
};

type Options = FunctionDefinition & { name: string; onLog: (line: string) => void; initMs?: number };

/**
 * Lambda gives the init phase 10 s, and then a second chance under the function's own time-out; here the first one
 * goes on for as long. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 */
export const startEnvironment = ({
  name,
  entry,
  env,
  timeoutMs,
  onLog,
  initMs = 10_000,
}: Options): Environment => {
  const setup: ThreadSetup = {
    entry: entry.href,
    functionName: name,
    functionArn: arn('lambda', `function:${name}`),
  };
  const worker = new Worker(new URL('./function-runner.ts', import.meta.url), {
    workerData: setup,
    env: { ...runtimeEnv(name), ...env },
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  for (const input of [worker.stdout, worker.stderr]) createInterface({ input }).on('line', onLog);
  const { next, isAlive } = follow(worker);

  let isReady = false;
  const init = async (): Promise<Ended | undefined> => {
    if (isReady) return undefined;
    const message = await withTimeout(next(), initMs + timeoutMs, worker);
    isReady = message.kind === 'ready';
    if (isReady) return undefined;
    await worker.terminate();
    return toEnded(message);
  };
  return {
    isAlive,
    stop: async () => {
      await worker.terminate();
    },
    invoke: async (request) => {
      const failed = await init();
      if (failed) return failed;
      const answer = next();
      worker.postMessage({ ...request, deadlineMs: Date.now() + timeoutMs });
      return toEnded(await withTimeout(answer, timeoutMs, worker));
    },
  };
};

/** What the runtime sets by itself: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
const runtimeEnv = (name: string) => ({
  AWS_REGION: region,
  AWS_LAMBDA_FUNCTION_NAME: name,
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
});

/** The thread's messages, one by one; its death is the last of them, and every later one. */
const follow = (worker: Worker) => {
  const waiting: ((message: ThreadMessage) => void)[] = [];
  const come: ThreadMessage[] = [];
  let death: ThreadMessage | undefined;
  let error: FunctionError | undefined;
  const deliver = (message: ThreadMessage) => {
    const first = waiting.shift();
    if (first) first(message);
    else come.push(message);
  };
  worker.on('message', deliver);
  worker.on('error', (thrown) => {
    error = toFunctionError(thrown);
  });
  worker.on('exit', (code) => {
    const errorMessage = `Error: Runtime exited with error: exit status ${code}`;
    death = { kind: 'failed', error: error ?? { errorType: 'Runtime.ExitError', errorMessage } };
    for (const resolve of waiting.splice(0)) resolve(death);
  });
  return {
    isAlive: () => death === undefined,
    next: () =>
      new Promise<ThreadMessage>((resolve) => {
        const message = come.shift() ?? death;
        if (message) resolve(message);
        else waiting.push(resolve);
      }),
  };
};

/** Ends the thread when the time is over: the environment is not used again. */
const withTimeout = async (
  answer: Promise<ThreadMessage>,
  afterMs: number,
  worker: Worker,
): Promise<ThreadMessage> => {
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    void worker.terminate();
  }, afterMs);
  const message = await answer;
  clearTimeout(timer);
  if (!isOver) return message;
  const errorMessage = `Error: Task timed out after ${(afterMs / 1000).toFixed(2)} seconds`;
  return { kind: 'failed', error: { errorType: 'Sandbox.Timedout', errorMessage } };
};

const toEnded = (message: ThreadMessage): Ended => {
  switch (message.kind) {
    case 'answered':
      return message;
    case 'failed':
    case 'init_failed':
      return { kind: 'failed', error: message.error };
    case 'ready':
      throw new Error('a thread is ready once');
  }
};
