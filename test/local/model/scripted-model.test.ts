import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFaults } from '#local/faults.ts';
import { createJournal } from '#local/journal.ts';
import type { Conversation, Script } from '#local/model/conversation.ts';
import { startScriptedModel } from '#local/model/scripted-model.ts';
import { goOnPrompt } from '#worker/claude/prompt.ts';

const apiKey = 'key-of-the-account';
const tools = [{ name: 'Bash' }, { name: 'Read' }];

describe('the scripted model', () => {
  const journal = createJournal();
  const faults = createFaults();
  let model: Awaited<ReturnType<typeof startScriptedModel>>;
  let asked: Conversation[];
  let script: Script;
  beforeEach(async () => {
    asked = [];
    script = () => ({ text: 'hello' });
    model = await startScriptedModel({
      journal,
      faults,
      apiKey,
      script: (conversation) => {
        asked.push(conversation);
        return script(conversation);
      },
    });
  });
  afterEach(async () => {
    faults.clear();
    await model.close();
  });

  const ask = (body: object, headers: Record<string, string> = {}) =>
    fetch(`${model.url}/v1/messages?beta=true`, {
      method: 'POST',
      headers: { 'x-api-key': apiKey, ...headers },
      body: JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 100, tools, messages: [], ...body }),
    });
  const eventsOf = (stream: string) =>
    stream
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice('data: '.length)) as { type: string; [key: string]: unknown });

  it('answers in one piece', async () => {
    const answer = await ask({});
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'claude-opus-5-5',
      content: [{ type: 'text', text: 'hello' }],
      stop_reason: 'end_turn',
      usage: { output_tokens: expect.any(Number) },
    });
  });

  it('takes word that the work goes on for nothing new, and an interrupted call for one not made', async () => {
    const call = (id: string) => ({
      role: 'assistant',
      content: [{ type: 'tool_use', id, name: 'Bash', input: { command: id } }],
    });
    const gave = (id: string, content: string, is_error = false) => ({
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: id, content, is_error }],
    });
    await ask({
      messages: [
        { role: 'user', content: 'fix it' },
        call('one'),
        gave('one', 'done'),
        call('two'),
        gave('two', 'Exit code 137', true),
        call('three'),
        gave('three', "[Tool call interrupted: the session ended before this call's result]", true),
        { role: 'assistant', content: [{ type: 'text', text: 'No response requested.' }] },
        { role: 'user', content: goOnPrompt },
      ],
    });
    expect(asked[0]?.prompt).toBe('fix it');
    expect(asked[0]?.steps.map(({ result }) => result)).toEqual(['done']);
  });

  it('streams text and tools as the API does', async () => {
    const input = { command: 'npm test', description: 'a long description that does not fit one piece' };
    script = () => ({
      text: 'First the test.',
      tools: [{ name: 'Bash', input }],
      usage: { output_tokens: 42 },
    });
    const answer = await ask({ stream: true });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const events = eventsOf(await answer.text());
    expect(events.map(({ type }) => type)).toEqual([
      'message_start',
      'ping',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    const pieces = events.map(
      ({ delta }) => (delta as { partial_json?: string } | undefined)?.partial_json ?? '',
    );
    expect(JSON.parse(pieces.join(''))).toEqual(input);
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 42 } });
  });

  it('may end its turn without a word', async () => {
    script = () => ({});
    expect(await (await ask({})).json()).toMatchObject({ content: [], stop_reason: 'end_turn' });
  });

  it('shows the script the request and the tools used since, as strings or as blocks', async () => {
    await ask({
      messages: [
        { role: 'user', content: 'an older request' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'Bash', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: 'old' }] },
        { role: 'system', content: 'the environment' },
        {
          role: 'user',
          content: [
            { type: 'text', text: '<system-reminder>be careful</system-reminder>' },
            { type: 'text', text: 'Task: the request' },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'I look.' },
            { type: 'tool_use', id: 'b', name: 'Read', input: { file_path: '/x' } },
            { type: 'tool_use', id: 'c', name: 'Bash', input: { command: 'false' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: '1\tx' }] },
            { type: 'tool_result', tool_use_id: 'c', content: 'Exit code 1', is_error: true },
            { type: 'text', text: '<system-reminder>go on</system-reminder>' },
          ],
        },
      ],
    });
    expect(asked).toEqual([
      {
        model: 'claude-opus-5-5',
        tools: ['Bash', 'Read'],
        prompt: 'Task: the request',
        steps: [
          { name: 'Read', input: { file_path: '/x' }, result: '1\tx', isError: false },
          { name: 'Bash', input: { command: 'false' }, result: 'Exit code 1', isError: true },
        ],
      },
    ]);
  });

  it('answers a probe without tools in words, past the script', async () => {
    expect(await (await ask({ tools: [], max_tokens: 1 })).json()).toMatchObject({ stop_reason: 'end_turn' });
    expect(asked).toEqual([]);
  });

  it('refuses another key, path or form', async () => {
    expect((await ask({}, { 'x-api-key': 'wrong' })).status).toBe(401);
    expect((await ask({ messages: 'none' })).status).toBe(400);
    const headers = { 'x-api-key': apiKey };
    expect((await fetch(`${model.url}/v1/models`, { headers })).status).toBe(404);
    expect((await fetch(model.url, { method: 'HEAD' })).status).toBe(200);
  });

  it('keeps a journal that says whether the key was right, not the key', async () => {
    await ask({ stream: true });
    expect(journal.entries().at(-1)).toMatchObject({
      twin: 'model',
      call: 'POST /v1/messages',
      status: 200,
      detail: {
        url: '/v1/messages?beta=true',
        headers: { 'x-api-key': 'right' },
        body: expect.stringContaining('claude-opus-5-5'),
      },
    });
    expect(JSON.stringify(journal.entries())).not.toContain(apiKey);
  });

  it('has the faults of every twin', async () => {
    const call = /POST \/v1\/messages/;
    faults.inject({ call, fault: { kind: 'answer', status: 529, headers: { 'retry-after': '1' } } });
    const overloaded = await ask({});
    expect([overloaded.status, overloaded.headers.get('retry-after'), asked.length]).toEqual([529, '1', 0]);
    faults.inject({ call, fault: { kind: 'answer_after', status: 502 } });
    expect([(await ask({})).status, asked.length]).toEqual([502, 1]);
    faults.inject({ call, fault: { kind: 'reset' } });
    await expect(ask({})).rejects.toThrow('fetch failed');
    faults.inject({ call, fault: { kind: 'reset_after' } });
    const cut = await ask({ stream: true });
    await expect(cut.text()).rejects.toThrow('terminated');
    expect((await ask({})).status).toBe(200);
  });
});
