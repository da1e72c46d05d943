import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFunctions } from '#local/aws/functions.ts';
import { aHouse, clientOf } from './house.ts';

const entry = new URL('./fixtures/handler.ts', import.meta.url);
const functions = {
  worker: { entry, env: { GIVEN: 'yes' }, timeoutMs: 2_000 },
  hasty: { entry, env: {}, timeoutMs: 150 },
  broken: { entry: new URL('./fixtures/broken.ts', import.meta.url), env: {}, timeoutMs: 1_000 },
};

describe('functions', () => {
  let house: ReturnType<typeof aHouse>;
  let local: Awaited<ReturnType<typeof startFunctions>>;
  let client: LambdaClient;
  let logs: [string, string][];

  beforeEach(async () => {
    house = aHouse();
    logs = [];
    local = await startFunctions({
      ...house,
      functions,
      retryDelaysMs: [10, 20],
      onLog: (name, line) => logs.push([name, line]),
    });
    client = new LambdaClient(clientOf(local.url));
  });
  afterEach(async () => {
    client.destroy();
    await local.close();
  });

  const call = (payload: object, name = 'worker') => local.invoke(name, payload);

  it('answers with what the handler returns, through JSON', async () => {
    const payload = { do: 'echo', at: new Date(0), none: undefined, deep: [1, { ä: '😀' }] };

    expect(await call(payload)).toEqual({
      kind: 'answered',
      result: { do: 'echo', at: '1970-01-01T00:00:00.000Z', deep: [1, { ä: '😀' }] },
    });
    expect(await call({ do: 'nothing' })).toEqual({ kind: 'answered', result: null });
  });

  it('gives a function its own environment and nothing of the house', async () => {
    const answer = await call({ do: 'env' });

    expect(answer).toEqual({
      kind: 'answered',
      result: {
        GIVEN: 'yes',
        AWS_REGION: 'us-east-1',
        AWS_LAMBDA_FUNCTION_NAME: 'worker',
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
        AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
        AWS_ENDPOINT_URL_LAMBDA: local.url,
      },
    });
  });

  it('gives the context that handlers use', async () => {
    const answer = await call({ do: 'context' });

    expect(answer).toMatchObject({
      result: {
        functionName: 'worker',
        invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:worker',
        awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    });
    expect((answer as { result: { remainingMs: number } }).result.remainingMs).toBeGreaterThan(1_000);
  });

  it('stays warm between calls', async () => {
    for (const result of [1, 2, 3]) expect(await call({ do: 'count' })).toEqual({ kind: 'answered', result });
  });

  it('runs one call per environment at a time, in two environments at most', async () => {
    const startedAt = Date.now();
    await Promise.all([1, 2, 3].map(() => call({ do: 'sleep', ms: 200 })));
    const cold = house.journal.entries().filter(({ detail }) => detail.isCold);

    expect(cold).toHaveLength(2);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(400);
  });

  it('tells of a thrown error as Lambda does, and stays warm', async () => {
    await call({ do: 'count' });

    expect(await call({ do: 'throw' })).toMatchObject({
      kind: 'failed',
      error: { errorType: 'RangeError', errorMessage: 'out of range', trace: expect.any(Array) },
    });
    expect(await call({ do: 'count' })).toMatchObject({ result: 2 });
  });

  it.each([
    ['exits', { do: 'exit' }, { errorType: 'Runtime.ExitError' }],
    [
      'throws where nobody catches',
      { do: 'crash' },
      { errorType: 'TypeError', errorMessage: 'nobody caught me' },
    ],
  ])('outlives a function that %s, with a new environment', async (_, payload, error) => {
    await call({ do: 'count' });

    expect(await call(payload)).toMatchObject({ kind: 'failed', error });
    expect(await call({ do: 'count' })).toMatchObject({ result: 1 });
  });

  it.each([
    ['waits', { do: 'sleep', ms: 10_000 }],
    ['spins', { do: 'spin' }],
  ])('ends a function that %s beyond its time, environment and all', async (_, payload) => {
    await call({ do: 'count' }, 'hasty');

    expect(await call(payload, 'hasty')).toEqual({
      kind: 'failed',
      error: { errorType: 'Sandbox.Timedout', errorMessage: 'Error: Task timed out after 0.15 seconds' },
    });
    expect(await call({ do: 'count' }, 'hasty')).toMatchObject({ result: 1 });
  });

  it('tells of an entry that cannot be loaded, at every call', async () => {
    for (const _ of [1, 2])
      expect(await call({}, 'broken')).toMatchObject({
        kind: 'failed',
        error: { errorType: 'SyntaxError', errorMessage: 'this function cannot be loaded' },
      });
  });

  it('gives an entry that outlasts the init phase the time of its function, and no more', async () => {
    const endless = { entry: new URL('./fixtures/endless.ts', import.meta.url), env: {}, timeoutMs: 300 };
    const slow = { ...functions.worker, timeoutMs: 20_000 };
    const late = await startFunctions({
      ...house,
      functions: { slow, endless },
      initMs: 0,
      onLog: () => {},
    });
    try {
      expect(await late.invoke('slow', { do: 'count' })).toMatchObject({ result: 1 });
      expect(await late.invoke('endless', {})).toMatchObject({ error: { errorType: 'Sandbox.Timedout' } });
    } finally {
      await late.close();
    }
  });

  it('logs an error as the runtime does', async () => {
    await call({ do: 'throw' });

    expect(logs).toEqual([['worker', expect.stringMatching(/^ERROR Invoke Error .*"out of range"/)]]);
  });

  it('passes on what a function prints', async () => {
    await call({ do: 'say', line: 'hello' });

    await expect.poll(() => logs).toEqual([['worker', 'hello']]);
  });

  it('holds the limits of 6 MB on both ways', async () => {
    expect(await call({ do: 'large', size: 7_000_000 })).toMatchObject({
      kind: 'failed',
      error: { errorType: 'Function.ResponseSizeTooLarge' },
    });
    await expect(call({ do: 'echo', large: 'x'.repeat(7_000_000) })).rejects.toMatchObject({
      name: 'PayloadTooLarge',
    });
  });

  describe('over the Invoke API', () => {
    const invoke = (FunctionName: string, payload: object, InvocationType?: 'Event' | 'RequestResponse') =>
      client.send(new InvokeCommand({ FunctionName, InvocationType, Payload: JSON.stringify(payload) }));

    it.each(['worker', 'arn:aws:lambda:us-east-1:000000000000:function:worker', 'worker:$LATEST'])(
      'answers a call of %s',
      async (name) => {
        const answer = await invoke(name, { do: 'echo', text: 'ä' });

        expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
        expect(answer.FunctionError).toBeUndefined();
        expect(JSON.parse(answer.Payload!.transformToString())).toEqual({ do: 'echo', text: 'ä' });
      },
    );

    it('marks the answer of a function that failed', async () => {
      const { StatusCode, FunctionError, Payload } = await invoke('worker', { do: 'throw' });

      expect([StatusCode, FunctionError]).toEqual([200, 'Unhandled']);
      expect(JSON.parse(Payload!.transformToString())).toMatchObject({ errorType: 'RangeError' });
    });

    it('does not know every function', async () => {
      await expect(invoke('other', {})).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
        $metadata: { httpStatusCode: 404 },
      });
    });

    it('refuses what is no JSON', async () => {
      const command = new InvokeCommand({ FunctionName: 'worker', Payload: '{' });

      await expect(client.send(command)).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
    });

    it('refuses an event of more than 1 MB and a call of more than 6', async () => {
      const tooLarge = { $metadata: { httpStatusCode: 413 } };
      const ofSize = (size: number) => ({ do: 'nothing', text: 'x'.repeat(size) });

      await expect(invoke('worker', ofSize(1_100_000), 'Event')).rejects.toMatchObject(tooLarge);
      await expect(invoke('worker', ofSize(6_400_000))).rejects.toMatchObject(tooLarge);
      expect(await invoke('worker', ofSize(1_100_000))).toMatchObject({ StatusCode: 200 });
    });

    it('answers an event before it runs', async () => {
      const { StatusCode } = await invoke('worker', { do: 'sleep', ms: 100 }, 'Event');
      const ran = ({ twin }: { twin: string }) => twin === 'lambda';

      expect(StatusCode).toBe(202);
      expect(house.journal.entries().some(ran)).toBe(false);
      expect(await house.journal.waitFor(ran)).toMatchObject({ call: 'worker', status: 200 });
    });

    it('tries an event three times and then drops it', async () => {
      await invoke('worker', { do: 'throw' }, 'Event');
      await house.journal.waitFor(({ call }) => call === 'worker event dropped');

      const tries = house.journal
        .entries()
        .filter(({ twin, call }) => twin === 'lambda' && call === 'worker');
      expect(tries.map(({ status }) => status)).toEqual([500, 500, 500]);
    });
  });

  it('closes under running and waiting calls', async () => {
    const calls = [1, 2, 3].map(() => call({ do: 'sleep', ms: 60_000 }));
    const ends = Promise.allSettled(calls);
    await local.close();

    expect((await ends).map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    local = { ...local, close: async () => {} };
  });
});
