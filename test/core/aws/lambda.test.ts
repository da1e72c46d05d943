import { LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, describe, expect, it } from 'vitest';
import { createFunctions } from '#core/aws/lambda.ts';
import { createLedger } from '#core/ledger.ts';
import { anInstallation } from '#test/builders.ts';
import { onLoopback } from '#test/support/aws-client.ts';
import type { Answer } from '#test/support/http-server.ts';
import { startServer } from '#test/support/http-server.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const functionsWith = async (answer: (call: number) => Answer) => {
  const sleeps: number[] = [];
  const server = await startServer(() => answer(server.seen.length));
  const client = new LambdaClient({ ...onLoopback(server.url), maxAttempts: 1 });
  closers.push(server.close, () => client.destroy());
  const sleep = (ms: number) => Promise.resolve(sleeps.push(ms));
  return { server, sleeps, functions: createFunctions(client, { sleep }) };
};
const exception = (type: string, status: number): Answer => ({
  status,
  headers: { 'x-amzn-errortype': type },
  json: { Message: 'no' },
});

describe('createFunctions', () => {
  it('carries a call and its answer', async () => {
    const { functions, server } = await functionsWith(() => ({ json: { fine: '👀\u0000' } }));
    expect(await functions.call('ledger', { text: '👀\ud800' })).toStrictEqual({ fine: '👀\u0000' });
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      path: '/2015-03-31/functions/ledger/invocations',
    });
    expect(server.seen[0]?.headers['x-amz-invocation-type']).toBe('RequestResponse');
    expect(JSON.parse(server.seen[0]!.body)).toStrictEqual({ text: '👀\ud800' });
  });

  it('takes an empty answer as null', async () => {
    const { functions } = await functionsWith(() => ({}));
    expect(await functions.call('ledger', {})).toBeNull();
  });

  it('throws the type of what went wrong inside the function, and not its words', async () => {
    const { functions } = await functionsWith(() => ({
      headers: { 'x-amz-function-error': 'Unhandled' },
      json: { errorType: 'ZodError', errorMessage: 'private words', trace: [] },
    }));
    await expect(functions.call('ledger', {})).rejects.toThrow(/^ledger failed: ZodError$/);
  });

  it.each(['ResourceNotReadyException', 'TooManyRequestsException'])('waits out %s', async (type) => {
    const { functions, sleeps } = await functionsWith((call) =>
      call < 3 ? exception(type, 429) : { json: 'at last' },
    );
    expect(await functions.call('ledger', {})).toBe('at last');
    expect(sleeps).toStrictEqual([500, 1_500]);
  });

  it('gives up after four tries', async () => {
    const { functions, server } = await functionsWith(() => exception('ResourceNotReadyException', 502));
    await expect(functions.call('ledger', {})).rejects.toThrow('no');
    expect(server.seen).toHaveLength(4);
  });

  it('does not repeat what another error answers', async () => {
    const { functions, server } = await functionsWith(() => exception('ResourceNotFoundException', 404));
    await expect(functions.call('ledger', {})).rejects.toThrow('no');
    expect(server.seen).toHaveLength(1);
  });

  it('pokes without waiting for the end', async () => {
    const { functions, server } = await functionsWith(() => ({ status: 202 }));
    await functions.poke('reconcile', { reason: 'mention' });
    expect(server.seen[0]?.headers['x-amz-invocation-type']).toBe('Event');
  });
});

describe('createLedger', () => {
  it('names the verb, and trusts no answer of another shape', async () => {
    let answer: unknown = anInstallation();
    const { functions, server } = await functionsWith(() => ({ json: answer }));
    const ledger = createLedger(functions, 'ledger');
    expect(await ledger('installations.get', { platform: 'github', tenantId: '4711' })).toStrictEqual(
      anInstallation(),
    );
    expect(JSON.parse(server.seen[0]!.body)).toStrictEqual({
      verb: 'installations.get',
      input: { platform: 'github', tenantId: '4711' },
    });
    answer = { status: 'perhaps' };
    await expect(ledger('installations.get', { platform: 'github', tenantId: '1' })).rejects.toThrow(
      'status',
    );
  });
});
