// The money of a run: set aside before a call, settled after it, and not a cent more than the budget.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aGatewayBench, answer, aQuestion, delta, event, json, start, token } from '#test/support/gateway.ts';
import { gatewayLimits } from '#worker/gateway/limits.ts';

/** Of claude-opus-5-5, a token. */
const [inputUsd, outputUsd, cacheWriteUsd] = [4e-6, 20e-6, 5e-6];

describe('the money of a run', () => {
  let bench: ReturnType<typeof aGatewayBench>;
  beforeEach(() => {
    bench = aGatewayBench();
  });
  afterEach(() => bench.close());

  const ask = (changes: object = {}) => bench.ask({ body: aQuestion({ max_tokens: 10_000, ...changes }) });
  const maxTokens = () =>
    bench.seen.map(({ body }) => (JSON.parse(body) as { max_tokens: number }).max_tokens);
  const stream = (response: ServerResponse, ...parts: string[]) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const part of parts) response.write(part);
    return response;
  };
  /** A call whose answer has begun to come. */
  const begun = async (changes: object = {}) => {
    const call = bench.begin({ body: aQuestion({ max_tokens: 10_000, ...changes }) });
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    return { call, response };
  };

  it('is settled by the answer, whatever was set aside', async () => {
    const usage = { input_tokens: 100, output_tokens: 10 };
    const gateway = await bench.open((response) => json(response, answer(usage)));
    await ask();
    await ask();
    expect(gateway.usage().costUsd).toBeCloseTo(2 * (100 * inputUsd + 10 * outputUsd), 12);
  });

  it('does for a call only if its longest answer can be paid: else the answer is to be shorter', async () => {
    await bench.open((response) => json(response, answer({ output_tokens: 1 })), { budgetUsd: 0.1 });
    await ask({ max_tokens: 2_500 });
    await ask({ max_tokens: 100_000 });
    const [short = 0, cut = 0] = maxTokens();
    expect(short).toBe(2_500);
    expect(cut).toBeGreaterThan(2_048);
    expect(cut * outputUsd).toBeLessThan(0.1);
  });

  it('cuts what is thought to less than the answer', async () => {
    await bench.open((response) => json(response, answer({})), { budgetUsd: 0.1 });
    await ask({ max_tokens: 32_000, thinking: { type: 'enabled', budget_tokens: 31_999 } });
    const sent = JSON.parse(bench.seen[0]?.body ?? '') as { max_tokens: number; thinking: object };
    expect(sent.thinking).toEqual({ type: 'enabled', budget_tokens: sent.max_tokens - 1 });
  });

  it('refuses what it does not do for, asks nobody, and says so', async () => {
    const spent = answer({ output_tokens: 4_900 });
    const gateway = await bench.open((response) => json(response, spent), { budgetUsd: 0.1 });
    expect((await ask({ max_tokens: 2_048 })).status).toBe(200); // $0.098
    expect(gateway.overBudget()).toBe(false);
    const refused = await ask({ max_tokens: 2_048 });
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.body)).toEqual({
      type: 'error',
      error: { type: 'permission_error', message: 'the budget of $0.1 does not leave enough for this call' },
    });
    expect(gateway.overBudget()).toBe(true);
    expect(bench.seen).toHaveLength(1);
    expect(gateway.usage()).toMatchObject({ requests: 1, costUsd: expect.closeTo(0.098, 9) });
  });

  it('refuses an input that is dearer than what is left, however short the answer', async () => {
    const gateway = await bench.open((response) => json(response, answer({})), { budgetUsd: 0.1 });
    expect((await ask({ max_tokens: 1, system: 'x'.repeat(30_000) })).status).toBe(403); // $0.12 of input
    expect(gateway.overBudget()).toBe(true);
    expect(bench.seen).toEqual([]);
  });

  it('knows an input from the second time on by what it was counted as', async () => {
    const turn = (role: string, size: number) => ({ role, content: 'x'.repeat(size) });
    const first = [turn('user', 200_000)];
    await bench.open((response) => json(response, answer({ input_tokens: 1_000 })), { budgetUsd: 1 });
    await ask({ max_tokens: 50_000, messages: first });
    await ask({ max_tokens: 50_000, messages: [...first, turn('assistant', 100), turn('user', 100)] });
    await ask({ max_tokens: 50_000, messages: [turn('user', 200_001)] });
    const [guessed = 0, known = 0, another = 0] = maxTokens();
    expect(guessed).toBeLessThan(10_000); // 200,000 bytes may be as many tokens
    expect(known).toBeGreaterThan(49_000);
    expect(another).toBeLessThan(10_000);
  });

  it('sets input aside as the dearest kind that it may become', async () => {
    const left = async (cache_control: object) => {
      const system = [{ type: 'text', text: 'x'.repeat(100_000), ...cache_control }];
      await ask({ max_tokens: 50_000, system });
      return maxTokens().at(-1) ?? 0;
    };
    await bench.open((response) => response.writeHead(500).end()); // nothing is learnt of an input
    const plain = await left({});
    const cached = await left({ cache_control: { type: 'ephemeral' } });
    const lasting = await left({ cache_control: { type: 'ephemeral', ttl: '1h' } });
    expect(plain - cached).toBeGreaterThan((100_000 * (cacheWriteUsd - inputUsd)) / outputUsd - 10);
    expect(cached - lasting).toBeGreaterThan((100_000 * 3e-6) / outputUsd - 10);
  });

  it('is gone to the last token set aside when the client hangs up in the middle', async () => {
    const gateway = await bench.open((response) => stream(response, start({ input_tokens: 10 })));
    const { call, response } = await begun();
    await once(response, 'data');
    call.destroy();
    await expect.poll(() => gateway.usage().costUsd).toBeGreaterThan(10_000 * outputUsd);
    expect(gateway.usage().costUsd).toBeLessThan(10_000 * outputUsd + 4_000 * inputUsd);
  });

  it('is gone as well when the client hangs up before the first word', async () => {
    const asked = Promise.withResolvers<void>();
    const gateway = await bench.open(() => asked.resolve());
    const call = bench.begin({ body: aQuestion({ max_tokens: 10_000 }) });
    call.on('error', () => {}); // it is us who hang up
    await asked.promise;
    call.destroy();
    await expect.poll(() => gateway.usage().costUsd).toBeGreaterThan(10_000 * outputUsd);
  });

  it('is spared the rest when the client had the whole answer', async () => {
    const gateway = await bench.open((response) =>
      stream(response, start({ input_tokens: 10 }), delta({ output_tokens: 20 })),
    );
    const { call, response } = await begun();
    let seen = '';
    for await (const chunk of response) {
      seen += String(chunk);
      if (seen.includes('message_delta')) break;
    }
    call.destroy();
    await expect.poll(() => gateway.usage().costUsd).toBeGreaterThan(0);
    expect(gateway.usage().costUsd).toBeCloseTo(10 * inputUsd + 20 * outputUsd, 12);
  });

  it('ends at the budget, however often the client hangs up', async () => {
    const gateway = await bench.open((response) => stream(response, event({ type: 'ping' })), {
      budgetUsd: 0.5,
    });
    const hangUp = async () => {
      const before = gateway.usage().costUsd;
      const { call, response } = await begun();
      if (response.statusCode === 403) return false;
      await once(response, 'data');
      call.destroy();
      await expect.poll(() => gateway.usage().costUsd).toBeGreaterThan(before);
      return true;
    };
    let times = 0;
    while (await hangUp()) times += 1;
    expect(times).toBe(3);
    expect(gateway.usage().costUsd).toBeGreaterThan(0.45);
    expect(gateway.usage().costUsd).toBeLessThanOrEqual(0.5);
  });

  it.each([
    ['breaks off', (response: ServerResponse) => response.destroy()],
    ['says that it failed', (response: ServerResponse) => response.end(event({ type: 'error', error: {} }))],
  ])('pays what can have been written when the provider %s in the middle', async (_, end) => {
    let at = 0;
    const gateway = await bench.open(
      (response) => {
        at += 1_000;
        stream(response).write(start({ input_tokens: 1_000 }), () => end(response));
      },
      { now: () => at },
    );
    const { response } = await begun();
    await text(response).catch(() => {}); // cut off, or at its end
    await expect.poll(() => gateway.usage().costUsd).toBeGreaterThan(0);
    // a second at 500 tokens, and not the 10,000 that were set aside
    expect(gateway.usage().costUsd).toBeCloseTo(1_000 * inputUsd + 500 * outputUsd, 9);
  });

  it.each([429, 500, 529])('costs nothing when the provider refuses with %s', async (status) => {
    const gateway = await bench.open((response, count) =>
      count === 1 ? response.writeHead(status).end('{}') : json(response, answer({})),
    );
    await ask();
    expect(gateway.usage().costUsd).toBe(0);
    await ask({ max_tokens: 40_000 }); // all of the dollar is there again
    expect(maxTokens().at(-1)).toBe(40_000);
  });

  it('is not promised twice: calls side by side share what is left', async () => {
    const held: ServerResponse[] = [];
    const gateway = await bench.open((response) => held.push(stream(response, event({ type: 'ping' }))), {
      budgetUsd: 0.1,
    });
    const { response: first } = await begun({ max_tokens: 4_000 });
    const other = await ask({ max_tokens: 4_000 });
    expect(other.status).toBe(429); // when the first one is settled there may be enough
    expect(other.headers['retry-after']).toBe('1');
    expect(gateway.overBudget()).toBe(false);
    held[0]?.end(start({ input_tokens: 1 }) + delta({ output_tokens: 1 }));
    await text(first);
    void begun({ max_tokens: 4_000 });
    await expect.poll(() => held.length).toBe(2);
    held[1]?.end();
  });

  it('counts every call once it is closed', async () => {
    const gateway = await bench.open((response) => stream(response, start({ input_tokens: 1_000 })));
    const { response } = await begun();
    await once(response, 'data');
    await gateway.close();
    expect(gateway.usage().costUsd).toBeGreaterThanOrEqual(1_000 * inputUsd);
    await expect(text(response)).rejects.toThrow('aborted');
  });
});

describe('the limits of a run', () => {
  let bench: ReturnType<typeof aGatewayBench>;
  beforeEach(() => {
    bench = aGatewayBench();
  });
  afterEach(() => bench.close());

  it('are two calls at once', async () => {
    const held: ServerResponse[] = [];
    await bench.open((response) => void held.push(response));
    const calls = [bench.begin(), bench.begin()];
    const answers = calls.map((call) => once(call, 'response') as Promise<[IncomingMessage]>);
    await expect.poll(() => held.length).toBe(2);
    const third = await bench.ask();
    expect([third.status, third.headers['retry-after']]).toEqual([429, '1']);
    for (const response of held) json(response, answer({}));
    for (const answered of answers) await text((await answered)[0]);
    const fourth = once(bench.begin(), 'response');
    await expect.poll(() => held.length).toBe(3);
    json(held[2] as ServerResponse, answer({})); // the third has come
    await fourth;
  });

  it('are so many calls in a time', async () => {
    let at = 0;
    const limits = { ...gatewayLimits, burst: 3, perSecond: 0.5 };
    await bench.open((response) => json(response, answer({})), { limits, now: () => at });
    const statuses = async (count: number) => {
      const all = [];
      for (let index = 0; index < count; index += 1) all.push((await bench.ask()).status);
      return all;
    };
    expect(await statuses(4)).toEqual([200, 200, 200, 429]);
    expect((await bench.ask()).headers['retry-after']).toBe('2');
    at = 2_000;
    expect(await statuses(2)).toEqual([200, 429]);
    at = 60_000;
    expect(await statuses(4)).toEqual([200, 200, 200, 429]);
    // a wrong token is counted too, and does not fill the log
    for (let index = 0; index < 150; index += 1) await bench.ask({ headers: { 'x-api-key': `${token}x` } });
    expect(bench.log.lines.filter(({ message }) => message === 'model call refused').length).toBe(100);
  });

  it.each([
    ['headers', 'POST /v1/messages HTTP/1.1\r\nx-slow: '],
    ['a body', `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${token}\r\ncontent-length: 9\r\n\r\n{`],
  ])('are %s that come in their time: who never ends is shown out', async (_, begun) => {
    await bench.open((response) => json(response, answer({})), {
      limits: { ...gatewayLimits, requestMs: 100, atOnce: 1 },
    });
    const socket = connect(bench.socketPath);
    socket.write(begun);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 408 /);
    await expect.poll(async () => (await bench.ask()).status).toBe(200); // its place is free again
    expect(bench.seen).toHaveLength(1);
  });

  it('are headers of a usual size', async () => {
    await bench.open((response) => json(response, answer({})));
    const headers = { 'x-api-key': token, 'x-long': 'x'.repeat(20_000) };
    expect((await bench.ask({ headers })).status).toBe(431);
    expect(bench.seen).toEqual([]);
  });
});
