// What is let through to the model: all that the real CLI was seen to send, and nothing that reaches farther.
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createFaults } from '#local/faults.ts';
import { createJournal } from '#local/journal.ts';
import { startScriptedModel } from '#local/model/scripted-model.ts';
import { aGatewayBench, aQuestion, answer, json, key, token } from '#test/support/gateway.ts';

const recorded = z
  .array(
    z.object({
      name: z.string(),
      beta: z.string(),
      userAgent: z.string(),
      body: z.looseObject({ model: z.string(), max_tokens: z.number() }),
    }),
  )
  .parse(JSON.parse(readFileSync(new URL('../../fixtures/claude-requests.json', import.meta.url), 'utf8')));

const user = (...content: unknown[]) => ({ messages: [{ role: 'user', content }] });
const tool = (changes: object) => ({
  tools: [{ name: 'Bash', input_schema: { type: 'object' }, ...changes }],
});
const picture = (source: object) => user({ type: 'image', source });
const paper = (source: object) => user({ type: 'document', source });
const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const asInput = (input: string) =>
  aQuestion(user({ type: 'tool_use', id: 'a', name: 'Bash', input: 'INPUT' })).replace('"INPUT"', input);

describe('a request to the model', () => {
  let bench: ReturnType<typeof aGatewayBench>;
  beforeEach(() => {
    bench = aGatewayBench();
  });
  afterEach(() => bench.close());
  const sent = () => bench.seen.map(({ body }) => JSON.parse(body) as Record<string, unknown>);

  it.each(recorded)('of the real CLI passes whole: $name', async ({ body, beta, userAgent }) => {
    await bench.open((response) => json(response, answer({})), { budgetUsd: 100, models: [body.model] });
    const headers = { 'x-api-key': token, 'anthropic-beta': beta, 'user-agent': userAgent };
    const asked = await bench.ask({ path: '/v1/messages?beta=true', headers, body: JSON.stringify(body) });
    expect([asked.status, asked.body]).toEqual([200, answer({})]);
    const { metadata: _, ...passed } = body;
    expect(sent()).toEqual([passed]);
    expect(bench.seen[0]?.headers).toMatchObject({ 'user-agent': userAgent, 'x-api-key': key });
    const left = beta.split(',').filter((name) => name !== 'fallback-credit-2026-06-01');
    expect(bench.seen[0]?.headers['anthropic-beta']?.toString().split(',').sort()).toEqual(left.sort());
  });

  it.each<[string, string, object | string]>([
    // what the provider would fetch, run or keep
    [
      'a picture from an address',
      'messages.0.content.0.source',
      picture({ type: 'url', url: 'https://e.example/a' }),
    ],
    ['a stored picture', 'messages.0.content.0.source', picture({ type: 'file', file_id: 'file_1' })],
    [
      'a paper from an address',
      'messages.0.content.0.source.type',
      paper({ type: 'url', url: 'https://e.example/a' }),
    ],
    ['a stored paper', 'messages.0.content.0.source.type', paper({ type: 'file', file_id: 'file_1' })],
    [
      'a picture from an address in a result',
      'messages.0.content.0.content.0.source',
      user({
        type: 'tool_result',
        tool_use_id: 'a',
        content: [{ type: 'image', source: { type: 'url', url: 'https://e.example/a' } }],
      }),
    ],
    [
      'an address beside the data',
      'messages.0.content.0.source.url',
      picture({ type: 'base64', media_type: 'image/png', data: 'AAAA', url: 'https://e.example/a' }),
    ],
    [
      'data that is an address',
      'messages.0.content.0.source.data',
      picture({ type: 'base64', media_type: 'image/png', data: 'https://e.example/a' }),
    ],
    [
      'servers to be called',
      'mcp_servers',
      { mcp_servers: [{ type: 'url', url: 'https://e.example', name: 'e' }] },
    ],
    ['a container', 'container', { container: 'container_1' }],
    [
      'a file for a container',
      'messages.0.content.0.type',
      user({ type: 'container_upload', file_id: 'file_1' }),
    ],
    ...[
      'web_search_20250305',
      'web_fetch_20250910',
      'code_execution_20250825',
      'bash_20250124',
      'text_editor_20250728',
      'computer_20250124',
      'memory_20250818',
      'mcp_toolset',
      'tool_search_tool_regex_20251119',
    ].map((type): [string, string, object] => [
      `the provider's tool ${type}`,
      'tools.0.type',
      tool({ type }),
    ]),
    ['a tool without a schema', 'tools.0.input_schema', { tools: [{ name: 'web_search' }] }],
    [
      'a tool that code of the provider calls',
      'tools.0.allowed_callers',
      tool({ allowed_callers: ['code_execution_20250825'] }),
    ],
    [
      'a schema that lies elsewhere',
      'tools.0.input_schema',
      tool({ input_schema: { $ref: 'https://e.example/schema.json' } }),
    ],
    [
      'a call of a tool of the provider',
      'messages.0.content.0.type',
      user({ type: 'server_tool_use', id: 'a', name: 'web_fetch', input: {} }),
    ],
    [
      'a result of a search',
      'messages.0.content.0.type',
      user({ type: 'search_result', source: 'https://e.example', title: 't', content: [] }),
    ],
    // what would cost otherwise than by the table
    ['a faster lane', 'speed', { speed: 'fast' }],
    ['a dearer tier', 'service_tier', { service_tier: 'priority' }],
    ['a dearer place', 'inference_geo', { inference_geo: 'us' }],
    ['another model to fall back on', 'fallbacks', { fallbacks: [{ model: 'claude-fable-5-2' }] }],
    ['another model', 'model', { model: 'claude-fable-5' }],
    ['an answer without end', 'max_tokens', { max_tokens: 1e9 }],
    ['an answer of no length', 'max_tokens', { max_tokens: 0 }],
    // what nobody here knows
    ['a new field', 'prompt_of_tomorrow', { prompt_of_tomorrow: true }],
    [
      'a new field of a message',
      'messages.0.name',
      { messages: [{ role: 'user', content: 'x', name: 'y' }] },
    ],
    ['another role', 'messages.0.role', { messages: [{ role: 'tool', content: 'x' }] }],
    ['no messages', 'messages', { messages: [] }],
    [
      'another plan for the context',
      'context_management.edits.0.type',
      { context_management: { edits: [{ type: 'compact_20260112' }] } },
    ],
    [
      'a budget for the task',
      'output_config.task_budget',
      { output_config: { effort: 'low', task_budget: { type: 'tokens', total: 1 } } },
    ],
    ['who asks, told in full', 'metadata.email', { metadata: { email: 'a@b.example' } }],
    ['too many tools', 'tools', { tools: Array.from({ length: 65 }, () => tool({}).tools[0]) }],
    ['a list', 'it is no JSON object', '[]'],
    ['no JSON', 'it is no JSON object', '{'],
    ['what nests without end', 'nested too deeply', asInput(nested(100_000))],
  ])('with %s is refused, names the field and reaches nobody', async (_, field, changes) => {
    await bench.open((response) => json(response, answer({})));
    const body = typeof changes === 'string' ? changes : aQuestion(changes);
    const refused = await bench.ask({ body });
    expect(refused.status).toBe(400);
    const { error } = JSON.parse(refused.body) as { error: { type: string; message: string } };
    expect(error.type).toBe('invalid_request_error');
    expect(error.message).toContain(field);
    expect(bench.seen).toEqual([]);
  });

  it('is read once: of a field that comes twice only what was looked at is sent', async () => {
    await bench.open((response) => json(response, answer({})));
    const twice = aQuestion().replace('{', '{"messages":[{"role":"user","content":"first"}],');
    await bench.ask({ body: twice });
    expect(bench.seen[0]?.body).not.toContain('first');
  });

  it('loses who asks, and every feature in trial that the CLI was not seen to use', async () => {
    await bench.open((response) => json(response, answer({})));
    const headers = {
      'x-api-key': token,
      'anthropic-beta': 'mcp-servers-2025-12-04, effort-2025-11-24,files-api-2025-04-14',
      'user-agent': 'a message to somebody',
      'x-stainless-os': 'Linux',
      'anthropic-dangerous-direct-browser-access': 'true',
    };
    const body = aQuestion({ metadata: { user_id: 'machine-1' } });
    expect((await bench.ask({ headers, body })).status).toBe(200);
    expect(sent()[0]).not.toHaveProperty('metadata');
    expect(bench.seen[0]?.headers['anthropic-beta']).toBe('effort-2025-11-24');
    expect(JSON.stringify(bench.seen[0]?.headers)).not.toMatch(/message to|stainless|dangerous/);
  });

  it('with a server tool never comes to the scripted model', async () => {
    const journal = createJournal();
    const model = await startScriptedModel({ journal, faults: createFaults(), apiKey: key });
    await bench.openTo(model.url);
    const search = { type: 'web_search_20250305', name: 'web_search' };
    expect((await bench.ask({ body: aQuestion({ tools: [search] }) })).status).toBe(400);
    expect((await bench.ask()).status).toBe(200);
    await model.close();
    expect(journal.entries().map(({ detail }) => String(detail['body']))).toEqual([
      expect.not.stringContaining('web_search'),
    ]);
  });
});
