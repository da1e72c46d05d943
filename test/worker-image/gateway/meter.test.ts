import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aGatewayBench, answer, delta, event, json, start } from '#test/support/gateway.ts';

describe('the meter of the gateway', () => {
  let bench: ReturnType<typeof aGatewayBench>;
  beforeEach(() => {
    bench = aGatewayBench();
  });
  afterEach(() => bench.close());

  it('counts what a stream used, by its last word', async () => {
    const whole =
      start({
        input_tokens: 1000,
        output_tokens: 1,
        cache_read_input_tokens: 2000,
        cache_creation_input_tokens: 300,
        cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 100 },
      }) +
      event({
        type: 'content_block_delta',
        text: '{"type":"message_delta","usage":{"output_tokens":9}}',
      }) +
      delta({ output_tokens: 10 }) +
      delta({ output_tokens: 500 });
    const gateway = await bench.open((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      const bytes = Buffer.from(whole);
      response.write(bytes.subarray(0, 70)); // within a line
      response.end(bytes.subarray(70));
    });
    await bench.ask();
    const usage = gateway.usage();
    expect(usage).toMatchObject({
      inputTokens: 1000,
      outputTokens: 500,
      cacheReadTokens: 2000,
      cacheWriteTokens: 300,
      requests: 1,
    });
    expect(usage.costUsd).toBeCloseTo((1000 * 4 + 500 * 20 + 2000 * 0.2 + 200 * 5 + 100 * 8) / 1e6, 12);
  });

  it('counts an answer that is no stream, and adds the answers up', async () => {
    const gateway = await bench.open((response) =>
      json(response, answer({ input_tokens: 100, output_tokens: 10 })),
    );
    await bench.ask();
    await bench.ask();
    expect(gateway.usage()).toMatchObject({ inputTokens: 200, outputTokens: 20, requests: 2 });
  });

  it('prices the model that answered', async () => {
    const gateway = await bench.open((response) =>
      json(response, JSON.stringify({ model: 'claude-haiku-5-5', usage: { output_tokens: 1_000_000 } })),
    );
    await bench.ask();
    expect(gateway.usage().costUsd).toBeCloseTo(0.5, 9);
  });
});
