// The gateway in front of Bedrock: the SDK with its own signing and framing, against the twin.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bedrockClient } from '#core/aws/bedrock-client.ts';
import { credentials, region } from '#local/aws/names.ts';
import { createFaults } from '#local/faults.ts';
import { createJournal } from '#local/journal.ts';
import { startBedrock } from '#local/model/bedrock.ts';
import type { Script } from '#local/model/conversation.ts';
import type { AgentHouse } from '#test/support/agent-house.ts';
import { startAgentHouse } from '#test/support/agent-house.ts';
import { aGatewayBench, aQuestion, token } from '#test/support/gateway.ts';

const modelId = 'eu.anthropic.claude-opus-5-5-v1:0';
const usage = {
  input_tokens: 1_000,
  output_tokens: 100,
  cache_creation_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
};
const tools = [{ name: 'Bash', input_schema: { type: 'object' } }];

const aBedrock = async (script: Script) => {
  const [journal, faults] = [createJournal(), createFaults()];
  const twin = await startBedrock({ journal, faults, script });
  const client = bedrockClient({ region, credentials, endpoint: twin.url });
  const upstream = { bedrock: { client, modelIds: { 'claude-opus-5-5': modelId } } };
  const close = async () => {
    client.destroy();
    await twin.close();
  };
  const bodies = () =>
    journal.entries().map(({ detail }) => JSON.parse(String(detail['body'])) as Record<string, unknown>);
  return { journal, faults, upstream, bodies, close };
};

describe('the gateway before Bedrock', () => {
  let bench: ReturnType<typeof aGatewayBench>;
  let bedrock: Awaited<ReturnType<typeof aBedrock>>;
  beforeEach(async () => {
    bench = aGatewayBench();
    bedrock = await aBedrock(() => ({ text: 'x'.repeat(100), usage }));
  });
  afterEach(async () => {
    await bench.close();
    await bedrock.close();
  });

  const open = () => bench.openTo('', { upstream: bedrock.upstream });
  const ask = (changes: object = {}) =>
    bench.ask({
      path: '/v1/messages?beta=true',
      headers: {
        'x-api-key': token,
        'anthropic-beta': 'claude-code-20250219,effort-2025-11-24,thinking-display-updates-2026-08-18',
      },
      body: aQuestion({ max_tokens: 10_000, tools, ...changes }),
    });
  const spent = 1_000 * 4e-6 + 100 * 20e-6;

  it('asks by the id that the model has there, signed, in the form that is wanted there', async () => {
    await open();
    await ask({
      thinking: { type: 'adaptive', display: 'updates' },
      output_config: { effort: 'low' },
      messages: [
        { role: 'user', content: 'hello' },
        { role: 'system', content: 'hm', output_config: { effort: 'low' } },
      ],
    });
    const [entry] = bedrock.journal.entries();
    expect(entry).toMatchObject({ call: 'Bedrock invoke', status: 200, detail: { model: modelId } });
    expect(bedrock.bodies()).toEqual([
      {
        anthropic_version: 'bedrock-2023-05-31',
        anthropic_beta: ['effort-2025-11-24'],
        max_tokens: 10_000,
        tools,
        thinking: { type: 'adaptive' },
        output_config: { effort: 'low' },
        messages: [
          { role: 'user', content: 'hello' },
          { role: 'system', content: 'hm' },
        ],
      },
    ]);
    expect(JSON.stringify(entry)).not.toContain(token);
  });

  it('counts an answer that is no stream', async () => {
    const gateway = await open();
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ type: 'message', content: [{ text: 'x'.repeat(100) }] });
    expect(gateway.usage()).toMatchObject({ inputTokens: 1_000, costUsd: expect.closeTo(spent, 12) });
  });

  it('gives a stream the form of the Messages API, and counts it', async () => {
    const gateway = await open();
    const { headers, body } = await ask({ stream: true });
    expect(headers['content-type']).toContain('text/event-stream');
    const events = body
      .trim()
      .split('\n\n')
      .map((event) => /^event: (\w+)\ndata: (.+)$/.exec(event)?.slice(1) ?? []);
    expect(events.map(([name]) => name)).toEqual([
      'message_start',
      'ping',
      'content_block_start',
      ...Array<string>(3).fill('content_block_delta'),
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(events.every(([name, data = '']) => JSON.parse(data).type === name)).toBe(true);
    expect(gateway.usage()).toMatchObject({ outputTokens: 100, costUsd: expect.closeTo(spent, 12) });
    expect(gateway.modelView()).toBe('well');
  });

  it.each([
    [429, 'ThrottlingException', 'rate_limit_error', 'rate_limited'],
    [403, 'AccessDeniedException', 'permission_error', 'auth'],
    [404, 'ResourceNotFoundException', 'not_found_error', 'model_gone'],
    [503, 'ServiceUnavailableException', 'overloaded_error', 'overloaded'],
  ])('passes %s %s on as %s', async (status, ...[name, type, view]) => {
    const gateway = await open();
    const fault = { kind: 'answer', status, headers: { 'x-amzn-errortype': name } } as const;
    bedrock.faults.inject({ call: /Bedrock/, fault });
    const refused = await ask({ stream: true });
    expect(refused.status).toBe(status);
    expect(JSON.parse(refused.body)).toMatchObject({ type: 'error', error: { type } });
    expect(gateway.modelView()).toBe(view);
    expect(gateway.usage().costUsd).toBe(0);
  });

  it('says so when the model breaks off in the middle, and pays for that', async () => {
    const gateway = await open();
    bedrock.faults.inject({ call: /Bedrock/, fault: { kind: 'reset_after' } });
    const { body } = await ask({ stream: true });
    expect(body).toContain('event: error\n');
    expect(body).not.toContain('message_stop');
    expect(gateway.usage().costUsd).toBeGreaterThan(1_000 * 4e-6);
  });

  it('cannot be reached where nobody listens', async () => {
    await bedrock.close();
    const gateway = await open();
    expect((await ask()).status).toBe(502);
    expect(gateway.modelView()).toBe('unreachable');
    bedrock = await aBedrock(() => ({}));
  });

  it('hangs up when the client does, who pays what was set aside', async () => {
    const gateway = await open();
    bedrock.faults.inject({ call: /Bedrock/, fault: { kind: 'delay', ms: 3_600_000 } });
    const call = bench.begin({ body: aQuestion({ max_tokens: 10_000, stream: true, tools }) });
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    expect(String((await once(response, 'data'))[0])).toContain('message_start');
    call.destroy();
    await expect.poll(() => gateway.usage().costUsd).toBeGreaterThan(10_000 * 20e-6);
  });
});

describe('the real CLI before Bedrock', () => {
  let house: AgentHouse;
  beforeAll(async () => {
    house = await startAgentHouse();
  });
  afterAll(() => house.close());

  it('works as before the Messages API', async () => {
    const write = { command: 'echo hello > note.txt', description: 'write' };
    const bedrock = await aBedrock(({ steps }) =>
      steps.length === 0 ? { tools: [{ name: 'Bash', input: write }] } : { text: 'It is there.' },
    );
    const { agent } = await house.aModel(() => ({}));
    const upstream = () => Promise.resolve(bedrock.upstream);
    const { ran } = await house.run({ agent: { ...agent, upstream } });
    await bedrock.close();
    expect(ran?.result.kind).toBe('patch');
    expect(ran?.report).toMatchObject({ answer: 'It is there.', usage: { requests: 2 } });
    expect(ran?.report.usage.costUsd).toBeGreaterThan(0);
  });
});
