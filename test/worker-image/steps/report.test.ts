import { describe, expect, it } from 'vitest';
import { holdsCi } from '#core/ci-mark.ts';
import type { Check, Outcome, RunReport, Task } from '#core/task.ts';
import { failureReasons } from '#core/task.ts';
import { threadKey } from '#core/thread-key.ts';
import { aRequest, aThread, aTrigger } from '#test/builders.ts';
import {
  toComment,
  toCommitMessage,
  toCost,
  toProgress,
  toPullRequest,
  toReleaseMessage,
} from '#worker/steps/report.ts';

const aTask = (changes: Partial<Task> = {}): Task => ({
  id: '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a001',
  threadKey: threadKey(aThread()),
  thread: aThread(),
  trigger: aTrigger(),
  request: aRequest(),
  lane: 'normal',
  status: 'running',
  step: 'received',
  generation: 0,
  ...changes,
});

const aReport = (changes: Partial<RunReport> = {}): RunReport => ({
  usage: {
    inputTokens: 9,
    outputTokens: 9,
    cacheReadTokens: 9,
    cacheWriteTokens: 9,
    costUsd: 0.42129,
    requests: 9,
  },
  turns: 12,
  durationMs: 200_400,
  answer: 'Fixed the sign in `total()`.\n\nThe test passes.',
  ...changes,
});

const published = (summary = aReport().answer): Outcome => ({
  status: 'succeeded',
  result: {
    kind: 'pull_request',
    url: 'https://github.com/octo-org/shop/pull/2',
    number: 2,
    branch: 'agent/1',
  },
  summary,
});

describe('the comment', () => {
  it('shows how far the work is', () => {
    expect(toProgress('working', { baseBranch: 'main', baseSha: '0123456789abcdef' })).toBe(
      [
        '⏳ Working on it.',
        '',
        '- [x] read the repository (`main` at `0123456`)',
        '- [ ] do the work',
        '- [ ] publish the result',
      ].join('\n'),
    );
  });

  it('ends with the pull request, what was done and the cost', () => {
    expect(toComment(aTask(), published(), { report: aReport() })).toBe(
      [
        '✅ Pull request: https://github.com/octo-org/shop/pull/2',
        'Fixed the sign in `total()`.\n\nThe test passes.',
        '💰 $0.4213 · 12 turns · 3m 20s',
      ].join('\n\n'),
    );
  });

  it('is the answer when nothing was to be changed', () => {
    const outcome: Outcome = { status: 'succeeded', result: { kind: 'answer' }, summary: 'It is on line 3.' };
    expect(toComment(aTask(), outcome, { report: aReport() })).toBe(
      'It is on line 3.\n\n💰 $0.4213 · 12 turns · 3m 20s',
    );
  });

  it('says after a failure why, and what to do', () => {
    const outcome: Outcome = { status: 'failed', reason: 'model_error', detail: 'status 529: overloaded' };
    expect(toComment(aTask(), outcome, { report: aReport() })).toBe(
      [
        '❌ The model did not answer as it should. Nothing was changed.',
        '```text\nstatus 529: overloaded\n```',
        'Mention me again in a few minutes. If this stays, an operator should look at the model key and its limits.',
        '💰 $0.4213 · 12 turns · 3m 20s',
      ].join('\n\n'),
    );
  });

  it('says of a draft where it is and how to go on, in words that order nobody', () => {
    const draft = { url: 'https://github.com/octo-org/shop/pull/2', number: 2, branch: 'agent/1' };
    const outcome = (summary: string): Outcome => ({
      status: 'failed',
      reason: 'over_budget',
      detail: '',
      draft: { ...draft, summary },
    });
    const [what, , said] = toComment(aTask(), outcome('@octo-dev merge it')).split('\n\n');
    expect(what).toMatch(/^❌ .* is a draft: https:\/\/github\.com\/octo-org\/shop\/pull\/2$/);
    expect(said).toBe('@\u200bocto-dev merge it');
    expect(toComment(aTask(), outcome(''))).not.toContain('last words');
    expect(toComment(aTask(), outcome(''))).toContain('`--base agent/1`');
  });

  it.each(failureReasons)('has words for %s', (reason) => {
    const [what, todo] = toComment(aTask(), { status: 'failed', reason, detail: '' }).split('\n\n');
    expect(what).toMatch(/^❌ .{20,}\.$/);
    expect(todo).toMatch(/\.$/);
  });

  it.each<[Outcome, string]>([
    [{ status: 'cancelled', by: '@octo-dev' }, '⏹️ Stopped by @\u200bocto-dev.'],
    [{ status: 'timed_out', afterMs: 3_720_000 }, '❌ I ran out of time after 1h 2m.'],
    [{ status: 'expired' }, '⌛ Nobody answered in time, so nothing was done.'],
  ])('has words for every end: %j', (outcome, first) => {
    expect(toComment(aTask(), outcome).split('\n\n')[0]).toBe(first);
  });

  it('tells which options were not understood', () => {
    const task = aTask({ request: aRequest({ problems: ['`--budget` needs dollars above 0'] }) });
    expect(toComment(task, published())).toContain('⚠️ `--budget` needs dollars above 0');
  });

  it('orders nobody to do anything', () => {
    const text =
      '@dependabot merge\n/approve\nFixes #1\n<!-- agent-bot:task=x -->\n![x](https://evil.example/)';
    for (const comment of [
      toComment(aTask(), published(text)),
      toComment(aTask(), { status: 'failed', reason: 'agent_error', detail: text }),
      toPullRequest(aTask(), aReport({ answer: text })).body,
      toPullRequest(aTask({ trigger: aTrigger({ text }) }), aReport()).body,
      toCommitMessage(aTask(), aReport({ answer: text })),
    ]) {
      expect(comment).not.toMatch(/@dependabot|^\/approve|#1|<!--|!\[/m);
    }
  });

  it('fits into what GitHub takes', () => {
    const comment = toComment(aTask(), published('ü'.repeat(100_000)), { report: aReport() });
    expect(Buffer.byteLength(comment)).toBeLessThan(60_000);
    expect(comment).toMatch(/💰.*$/);
  });
});

describe('what the checks said', () => {
  const checks: Check[] = [
    { command: 'npm ci', status: 'passed', durationMs: 12_000, tail: '' },
    { command: 'npm test', status: 'failed', durationMs: 61_000, tail: '1 failed: @octo-dev broke `it`' },
    { command: 'npm run e2e', status: 'timed_out', durationMs: 600_000, tail: '' },
    { command: 'npm run lint', status: 'not_run', durationMs: 0, tail: '' },
  ];
  const lines = [
    '- ✓ `npm ci` (12s)',
    '- ✗ `npm test` failed (1m 1s)',
    '- ✗ `npm run e2e` ran out of time (10m 0s)',
    '- – `npm run lint` was not run: the work was interrupted',
  ].join('\n');

  it('stands in the comment of a pull request, a line for each', () => {
    expect(toComment(aTask(), published(), { report: aReport({ checks }) }).split('\n\n')).toContain(lines);
  });

  it('stands in the pull request, with the last lines of what failed', () => {
    const { body } = toPullRequest(aTask(), aReport({ checks }));
    expect(body).toContain(lines);
    expect(body).toContain(
      '<details><summary>The last lines of npm test</summary>\n\n```text\n1 failed: @\u200bocto-dev broke `it`\n```\n\n</details>',
    );
  });

  it('leaves room for the rest, however much failed', () => {
    const many = Array.from({ length: 10 }, (): Check => ({ ...checks[1]!, tail: 'x'.repeat(4_096) }));
    const { body } = toPullRequest(aTask(), aReport({ checks: many, answer: 'ü'.repeat(100_000) }));
    expect(body.length).toBeLessThan(60_000);
  });

  it('leaves room where the answer and the request are what nobody sees', () => {
    const unseen = '\u200b'.repeat(60_000);
    const report = aReport({ checks, answer: unseen });
    const { body } = toPullRequest(aTask({ trigger: aTrigger({ text: unseen }) }), report);
    expect(body.length).toBeLessThan(60_000);
    expect(body).toContain('Asked for in');
  });
});

describe('a CI that is held back', () => {
  it('is told in the comment and in the pull request, with how to start it', () => {
    expect(toComment(aTask(), published(), { report: aReport(), isCiHeld: true })).toContain(
      'mentions me with `run ci`',
    );
    const { body } = toPullRequest(aTask(), aReport(), { isCiHeld: true });
    expect(body).toContain('mentions me with `run ci`');
    expect(body).not.toContain('[skip ci]'); // a squash may take the body for its message
  });

  it('is told of no failure and of no answer', () => {
    const failed: Outcome = { status: 'failed', reason: 'internal', detail: '' };
    expect(toComment(aTask(), failed, { isCiHeld: true })).not.toContain('run ci');
  });

  it('stands in the commit, before the trailer', () => {
    expect(toCommitMessage(aTask(), aReport(), { isCiHeld: true })).toContain(
      '\n\n[skip ci]\n\nAgent-Task: ',
    );
    expect(holdsCi(toCommitMessage(aTask(), aReport(), { isCiHeld: true }))).toBe(true);
    expect(holdsCi(toCommitMessage(aTask(), aReport({ answer: 'Nothing [skip ci] here' })))).toBe(false);
    expect(holdsCi(toReleaseMessage(aTask()))).toBe(false);
  });

  it.each([
    ['x [ci skip]', true],
    ['x\n\n\nskip-checks: true', true],
    ['[NO CI]', true],
    ['skip ci', false],
    ['x [skip] ci', false],
  ])('is what %j asks for: %s', (message, isHeld) => {
    expect(holdsCi(message)).toBe(isHeld);
  });
});

describe('the pull request', () => {
  it('is called by what was done', () => {
    expect(toPullRequest(aTask(), aReport()).title).toBe('Fixed the sign in total().');
  });

  it('is called by the request when the agent said nothing', () => {
    const silent = aReport({ answer: '' });
    expect(toPullRequest(aTask(), silent).title).toBe('the failing test');
    expect(toPullRequest(aTask({ request: aRequest({ text: '' }) }), silent).title).toBe(
      'Change for issue 1',
    );
  });

  it('says what was done, quotes the request and names the cost', () => {
    expect(toPullRequest(aTask(), aReport()).body).toBe(
      [
        'Fixed the sign in `total()`.',
        'The test passes.',
        '<details><summary>The request</summary>',
        '```text\n@\u200bagent fix the failing test\n```',
        '</details>',
        'Asked for in https://github.com/octo-org/shop/issues/1#issuecomment-492700400',
        '💰 $0.4213 · 12 turns · 3m 20s',
      ].join('\n\n'),
    );
  });

  it('has a commit whose last line names the task', () => {
    expect(toCommitMessage(aTask(), aReport())).toBe(
      [
        'Fixed the sign in total().',
        'Asked for in https://github.com/octo-org/shop/issues/1#issuecomment-492700400',
        'Agent-Task: 0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a001\n',
      ].join('\n\n'),
    );
  });
});

it.each([
  [{ costUsd: 0, turns: 0, durationMs: 400 }, '💰 $0.0000 · 0 turns · 0s'],
  [{ costUsd: 1.5, turns: 1, durationMs: 59_600 }, '💰 $1.5000 · 1 turn · 1m 0s'],
  [{ costUsd: 0.4213, turns: 12, durationMs: 7_260_000 }, '💰 $0.4213 · 12 turns · 2h 1m'],
])('the cost of %j is %s', ({ costUsd, turns, durationMs }, text) => {
  expect(toCost(aReport({ usage: { ...aReport().usage, costUsd }, turns, durationMs }))).toBe(text);
});

describe('a setup that failed', () => {
  const setupFailure = { command: 'npm ci', what: 'it ended with 1', output: 'fixes #3\n```\n@everybody' };
  const warning = '⚠️ A setup command of `.agent-bot.yml` failed: it ended with 1.';

  it('is told in the comment and in the pull request, with nothing that orders anybody', () => {
    const report = aReport({ setupFailure });
    const texts = [toComment(aTask(), published(), { report }), toPullRequest(aTask(), report).body];
    for (const text of texts) {
      expect(text).toContain(warning);
      expect(text).toContain('npm ci');
      expect(text).not.toMatch(/@everybody|#3/);
    }
  });
});
