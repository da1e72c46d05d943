import { createReadStream, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { FailureClass } from '#core/failure.ts';
import type { ClaudeResult } from '#worker/claude/stream.ts';
import { readClaudeStream } from '#worker/claude/stream.ts';
import type { ModelView } from '#worker/claude/verdict.ts';
import { judge } from '#worker/claude/verdict.ts';

const samples = new URL('../../fixtures/claude-stream/', import.meta.url);
const sessionId = '0f0f0f0f-1111-4222-8333-444444444444';
const done = { code: 0, signal: null };
const failed = { code: 1, signal: null };
const killed = { code: null, signal: 'SIGKILL' };
const overuse = { why: 'overuse', failure: 'out_of_memory', detail: 'too much' } as const;

const succeeded = (answer: string, turns: number) => ({ kind: 'succeeded', answer, turns, sessionId });
const ended = (reason: string, detail: string) => ({
  kind: 'failed',
  reason,
  detail: expect.stringContaining(detail),
});

const hindered = (failure: FailureClass, detail: string) => ({
  kind: 'hindered',
  failure,
  detail: expect.stringContaining(detail),
});

/** Recorded stream, the exit that was recorded with it, what it means. */
const recorded = {
  'api-connection-refused': [failed, hindered('unreachable', 'Connection refused')],
  'api-error-401-10-retries': [failed, hindered('auth', 'status 401')],
  'api-error-403': [failed, hindered('auth', 'status 403')],
  'api-error-529-maxretries2': [failed, hindered('overloaded', 'status 529')],
  'api-error-credit-balance': [failed, hindered('billing', 'Credit balance is too low')],
  'api-retry-429-then-ok': [done, succeeded('ok after fault', 1)],
  'api-timeout': [failed, hindered('unreachable', 'timed out')],
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
  'sigkill-midtool': [{ code: null, signal: 'SIGKILL' }, hindered('out_of_memory', 'ended by SIGKILL')],
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
    judge({
      exit: done,
      stream: { result, turns: 2, error: undefined, said: 'I go on.', cutLines: 0 },
      sessionId,
      ...more,
    });

  it('is success when all four parts say so', () => {
    expect(verdict(good)).toEqual(succeeded('fixed', 2));
  });

  it.each([
    ['the exit code', good, { exit: failed }],
    ['a signal', good, { exit: { code: null, signal: 'SIGSEGV' } }],
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
    expect(verdict(refused, { exit: failed, isOverBudget: true })).toMatchObject({
      reason: 'over_budget',
      said: 'I go on.',
    });
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

  it.each([
    ['the kernel', good, { exit: killed }],
    ['the kernel, before a result', undefined, { exit: killed }],
    ['the watchdog', good, { exit: killed, stopped: overuse }],
  ])('is out of memory when %s ended it', (_, result, more) => {
    expect(verdict(result, more)).toMatchObject({ kind: 'hindered', failure: 'out_of_memory' });
  });

  it('is the result when the CLI said it and did not go', () => {
    const lingered = { exit: { code: null, signal: 'SIGKILL' }, stopped: { why: 'lingered' } } as const;
    expect(verdict(good, lingered)).toMatchObject({ kind: 'succeeded' });
    expect(verdict({ ...good, is_error: true }, lingered)).toMatchObject({ kind: 'failed' });
  });

  describe('on a call of the model that failed', () => {
    const refused: ClaudeResult = { ...good, is_error: true, terminal_reason: 'api_error' };
    const of = (error: { kind: string; status: number | null } | undefined, model?: ModelView) =>
      judge({
        exit: failed,
        stream: { result: refused, turns: 2, error, said: '', cutLines: 0 },
        sessionId,
        ...(model && { model }),
      });

    it.each([
      ['authentication_failed', 401, 'auth'],
      ['authentication_failed', null, 'auth'],
      ['billing_error', 400, 'billing'],
      ['unknown', 402, 'billing'],
      ['rate_limit', 429, 'rate_limited'],
      ['rate_limit', null, 'rate_limited'],
      ['model_not_found', 404, 'model_gone'],
      ['model_not_found', null, 'model_gone'],
      ['server_error', 500, 'overloaded'],
      ['server_error', 529, 'overloaded'],
      ['overloaded', null, 'overloaded'],
      ['server_error', null, 'unreachable'],
    ])('goes by the word of the CLI: %s with status %s is %s', (kind, status, failure) => {
      expect(of({ kind, status })).toMatchObject({ kind: 'hindered', failure });
    });

    it.each([
      ['invalid_request', 400],
      ['invalid_request', null],
      ['max_output_tokens', null],
      ['unknown', null],
      ['of_tomorrow', null],
    ])('finds no class where the request itself is at fault: %s with status %s', (kind, status) => {
      expect(of({ kind, status })).toMatchObject({ kind: 'failed', reason: 'model_error' });
    });

    it('believes the gateway more than the CLI, whose words are the agent’s', () => {
      const claimed = { kind: 'authentication_failed', status: 401 };
      expect(of(claimed, 'unreachable')).toMatchObject({ failure: 'unreachable' });
      expect(of(claimed, 'unclear')).toMatchObject({ failure: 'auth' });
      expect(of(claimed, 'well')).toMatchObject({ kind: 'failed', reason: 'model_error' });
      expect(of(undefined, 'rate_limited')).toMatchObject({ failure: 'rate_limited' });
    });
  });
});
