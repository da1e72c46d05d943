// What the thread of an environment starts: loads the entry once, then answers one invocation after the other.
import { parentPort, workerData } from 'node:worker_threads';
import { maxResponseBytes, toFunctionError } from './invocation.ts';
import type { ThreadMessage, ThreadRequest, ThreadSetup } from './invocation.ts';

type Handler = (event: unknown, context: object) => unknown;

const { entry, functionName, functionArn } = workerData as ThreadSetup; // given by function-environment.ts
const post = (message: ThreadMessage) => parentPort?.postMessage(message);

const load = async (): Promise<Handler> => {
  const module = (await import(entry)) as { handler?: unknown };
  if (typeof module.handler !== 'function')
    throw Object.assign(new Error(`${functionName}.handler is undefined or not exported`), {
      name: 'Runtime.HandlerNotFound',
    });
  return module.handler as Handler; // a function; what it takes is the entry's own affair
};

const answer = async (handler: Handler, { requestId, payload, deadlineMs }: ThreadRequest) => {
  const result = await handler(JSON.parse(payload), {
    awsRequestId: requestId,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: functionArn,
    memoryLimitInMB: '512',
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  });
  // undefined has no JSON; Lambda answers null
  const json = (JSON.stringify(result) as string | undefined) ?? 'null';
  if (Buffer.byteLength(json) > maxResponseBytes)
    throw Object.assign(
      new Error(`Response payload size exceeded maximum allowed payload size (${maxResponseBytes} bytes).`),
      { name: 'Function.ResponseSizeTooLarge' },
    );
  return json;
};

try {
  const handler = await load();
  parentPort?.on('message', (request: ThreadRequest) => {
    answer(handler, request).then(
      (json) => post({ kind: 'answered', json }),
      (error: unknown) => post({ kind: 'failed', error: toFunctionError(error) }),
    );
  });
  post({ kind: 'ready' });
} catch (error) {
  post({ kind: 'init_failed', error: toFunctionError(error) });
}
