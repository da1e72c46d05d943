import { createReadStream } from 'node:fs';
import { readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ClaudeEvent, ClaudeResult } from '#worker/claude-stream.ts';
import { judge, readClaudeStream } from '#worker/claude-stream.ts';

const samples = new URL('../fixtures/claude-stream/', import.meta.url);
const sessionId = '0f0f0f0f-1111-4222-8333-444444444444';
const done = { code: 0, signal: null };
const failed = { code: 1, signal: null };

const succeeded = (answer: string, turns: number) => ({ kind: 'succeeded', answer, turns, sessionId });
const ended = (reason: string, detail: string) => ({
  kind: 'failed',
  reason,
  detail: expect.stringContaining(detail),
});

/** Recorded stream, the exit that was recorded with it, what it means. */
const recorded = {
  'api-connection-refused': [failed, ended('model_error', 'Connection refused')],
  'api-error-401-10-retries': [failed, ended('model_error', 'status 401')],
  'api-error-403': [failed, ended('model_error', 'status 403')],
  'api-error-529-maxretries2': [failed, ended('model_error', 'status 529')],
  'api-error-credit-balance': [failed, ended('model_error', 'Credit balance is too low')],
  'api-retry-429-then-ok': [done, succeeded('ok after fault', 1)],
  'api-timeout': [failed, ended('model_error', 'timed out')],
  'background-bash-two-results': [done, succeeded('saw bg finish', 3)],
  'control-interrupt': [done, succeeded('after interrupt', 4)],
  'error_during_execution-unknown-resume': [failed, ended('agent_error', 'No conversation found')],
  error_max_budget_usd: [failed, ended('over_budget', 'maximum budget')],
  error_max_turns: [failed, ended('agent_error', 'maximum number of turns')],
  'hooks-include-hook-events': [done, succeeded('ok', 2)],
  'include-partial-messages': [done, succeeded('Done: fixed add().', 4)],
  'json-schema-model-never-calls-tool': [done, succeeded('plain text only', 2)],
  'json-schema-structured-output': [done, succeeded('{"summary":"s","ok":true}', 2)],
  'mcp-tool': [done, succeeded('ok', 2)],
  'model-fallback-529': [done, succeeded('ok after fault', 1)],
  'permission-denied-acceptEdits': [done, succeeded('done', 9)],
  'permission-prompt-tool-stdio': [done, succeeded('done', 9)],
  refusal: [failed, ended('model_error', 'safeguards')],
  'resume-second-process': [done, succeeded('second done', 1)],
  'sigint-during-bash': [done, ended('agent_error', 'aborted_tools')],
  'sigkill-midtool': [{ code: null, signal: 'SIGKILL' }, ended('agent_error', 'ended by SIGKILL')],
  'sigterm-during-bash-no-result': [
    { code: 143, signal: null },
    ended('agent_error', 'without a result (exit code 143)'),
  ],
  'steering-midrun-stream-json-input': [done, succeeded('final one', 3)],
  'steering-priority-now': [done, succeeded('final one', 4)],
  subagent: [done, succeeded('x', 3)],
  'success-e2e-thinking-read-edit-write-bash': [done, succeeded('Done: fixed add().', 5)],
  'success-recommended-flags-nonroot': [done, succeeded('Done: fixed add().', 5)],
} as const;

const ignore = { onEvent: () => {} };

describe('a recorded run of the CLI', () => {
  it.each(Object.entries(recorded))('is judged: %s', async (name, [exit, end]) => {
    const stream = await readClaudeStream(createReadStream(new URL(`${name}.jsonl`, samples)), ignore);
    expect(judge({ exit, stream, sessionId })).toMatchObject(end);
  });

  it('is none that the table forgot', () => {
    const names = readdirSync(fileURLToPath(samples)).map((file) => file.replace('.jsonl', ''));
    expect(names.sort()).toEqual(Object.keys(recorded).sort());
  });
});

describe('the verdict on a run', () => {
  const good: ClaudeResult = {
    type: 'result',
    subtype: 'success',
    is_error: false,
    terminal_reason: 'completed',
    num_turns: 2,
    result: 'fixed',
  };
  const verdict = (result: ClaudeResult | undefined, more: Partial<Parameters<typeof judge>[0]> = {}) =>
    judge({ exit: done, stream: { result, turns: 2, cutLines: 0 }, sessionId, ...more });

  it('is success when all four parts say so', () => {
    expect(verdict(good)).toEqual(succeeded('fixed', 2));
  });

  it.each([
    ['the exit code', good, { exit: failed }],
    ['a signal', good, { exit: { code: null, signal: 'SIGKILL' } }],
    ['the subtype', { ...good, subtype: 'error_during_execution' }, {}],
    ['is_error', { ...good, is_error: true }, {}],
    ['the terminal reason', { ...good, terminal_reason: 'aborted_tools' }, {}],
    ['no terminal reason', { ...good, terminal_reason: null }, {}],
    ['no result', undefined, {}],
  ])('is failure when %s says so', (_, result, more) => {
    expect(verdict(result, more)).toMatchObject({ kind: 'failed', reason: 'agent_error' });
  });

  it('is over budget when the gateway says so, but a finished answer stays one', () => {
    const refused: ClaudeResult = {
      ...good,
      is_error: true,
      terminal_reason: 'api_error',
      api_error_status: 403,
    };
    expect(verdict(refused, { exit: failed, isOverBudget: true })).toMatchObject({ reason: 'over_budget' });
    expect(verdict(undefined, { exit: failed, isOverBudget: true })).toMatchObject({ reason: 'over_budget' });
    expect(verdict(good, { isOverBudget: true })).toMatchObject({ kind: 'succeeded' });
  });

  it('is a time-out or an abort even when a result came', () => {
    const stopped = { why: 'idle', afterMs: 10 } as const;
    expect(verdict(good, { stopped })).toEqual({ kind: 'timed_out', why: 'idle', afterMs: 10, turns: 2 });
    expect(verdict(good, { stopped: { why: 'aborted' } })).toEqual({ kind: 'aborted', turns: 2 });
  });

  it('tells what the CLI complained about when there is no result', () => {
    expect(verdict(undefined, { exit: failed, stderr: 'unknown option --x\n' })).toMatchObject({
      detail: 'the CLI ended without a result (exit code 1): unknown option --x',
    });
  });
});

describe('the reader of the stream', () => {
  const resultLine = (more: object = {}) =>
    JSON.stringify({
      type: 'result',
      subtype: 'success',
      is_error: false,
      terminal_reason: 'completed',
      num_turns: 1,
      result: 'ok',
      ...more,
    });
  const read = async (chunks: (string | Buffer)[], maxLineBytes?: number) => {
    const events: ClaudeEvent[] = [];
    const stream = await readClaudeStream(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), {
      onEvent: (event) => events.push(event),
      ...(maxLineBytes !== undefined && { maxLineBytes }),
    });
    return { stream, events };
  };

  it('puts lines together however they are cut', async () => {
    const bytes = Buffer.from(`{"type":"assistant","text":"ä€😀"}\r\n${resultLine()}\n`);
    const { stream, events } = await read([...bytes].map((byte) => Buffer.from([byte])));
    expect(events[0]).toEqual({ type: 'assistant', text: 'ä€😀' });
    expect(stream.result?.result).toBe('ok');
  });

  it('takes a last line without a newline', async () => {
    expect((await read([resultLine()])).stream.result?.result).toBe('ok');
  });

  it('passes over what is no event', async () => {
    const noise = ['npm warn\n', '\n', 'null\n', '[1]\n', '{"type":7}\n', '{"type":"result"', '\n'];
    const { stream, events } = await read([...noise, Buffer.from([0xff, 0xfe, 10]), '{"type":"new_kind"}\n']);
    expect(events).toEqual([{ type: 'new_kind' }]);
    expect(stream.result).toBeUndefined();
  });

  it('takes a result in another form for one that is no success', async () => {
    const { stream } = await read([`${resultLine()}\n`, resultLine({ is_error: 'no' })]);
    expect(judge({ exit: done, stream, sessionId })).toMatchObject({ kind: 'failed' });
  });

  it('counts the last result and the turns of all', async () => {
    const { stream } = await read([
      `${resultLine()}\n`,
      resultLine({ subtype: 'error_max_turns', num_turns: 4 }),
    ]);
    expect(stream).toMatchObject({ result: { subtype: 'error_max_turns' }, turns: 5 });
  });

  it('drops a line beyond the limit, says so, and reads on', async () => {
    const { stream, events } = await read(
      [`{"type":"user","text":"${'x'.repeat(600)}"}\n`, resultLine()],
      500,
    );
    expect([stream.cutLines, stream.result?.result, events.length]).toEqual([1, 'ok', 1]);
    const lost = await read([resultLine({ result: 'x'.repeat(600) })], 500);
    expect(lost.stream).toMatchObject({ result: undefined, cutLines: 1 });
  });

  it('reads a line of 50 MB in the time of its bytes', async () => {
    const piece = Buffer.alloc(4096, 'x');
    const line = [Buffer.from('{"type":"user","text":"'), ...Array<Buffer>(12_700).fill(piece), '"}\n'];
    const startedAt = performance.now();
    const { stream, events } = await read([...line, resultLine()]);
    expect([events[0]?.type, stream.cutLines, stream.result?.result]).toEqual(['user', 0, 'ok']);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('passes on what the listener throws', async () => {
    const listening = readClaudeStream(Readable.from([Buffer.from('{"type":"x"}\n')]), {
      onEvent: () => {
        throw new Error('full disk');
      },
    });
    await expect(listening).rejects.toThrow('full disk');
  });
});
