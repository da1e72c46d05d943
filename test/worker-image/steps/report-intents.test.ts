import { describe, expect, it } from 'vitest';
import type { CarriedOut, Intents } from '#core/intents.ts';
import { toIntents } from '#worker/steps/report-intents.ts';

const report = {
  usage: {
    inputTokens: 9,
    outputTokens: 9,
    cacheReadTokens: 9,
    cacheWriteTokens: 9,
    costUsd: 0.4,
    requests: 9,
  },
  turns: 12,
  durationMs: 200_400,
  answer: 'Some.',
};
const comments = [{ path: 'a`b.js', line: 3, body: 'see #1' }];
const wanted: Intents = { review: { comments }, labels: ['bug'] };
const told = (intents: Intents | undefined, carriedOut?: CarriedOut, intentProblems: string[] = []) =>
  toIntents({
    report: { ...report, ...(intents && { intents }), intentProblems },
    ...(carriedOut && { carriedOut }),
  });

describe('what the agent wanted beside its change', () => {
  it('is told with the link to the review and the labels', () => {
    const review = { url: 'https://github.com/o/r/pull/1#r' };
    expect(told(wanted, { review, labels: ['bug'], problems: [] })).toEqual([
      '💬 Review: https://github.com/o/r/pull/1#r',
      '🏷️ `bug`',
    ]);
  });

  it('is a list where there is no review', () => {
    expect(told(wanted, { labels: [], problems: ['the labels: #2'] })).toEqual([
      '`ab.js:3` — see #\u200b1',
      '⚠️ Left out: the labels: #\u200b2',
    ]);
  });

  it('is named as left out when it was not looked at, or not read', () => {
    expect(told(wanted)).toEqual(['⚠️ Left out: the review · the labels']);
    expect(told(undefined, undefined, ['the labels: they are no list'])).toEqual([
      '⚠️ Left out: the labels: they are no list',
    ]);
  });

  it('leaves room for the answer in the comment', () => {
    const long = Array.from({ length: 30 }, () => ({ path: 'x', line: 1, body: 'é'.repeat(2_000) }));
    const [list = ''] = told({ review: { comments: long } }, { labels: [], problems: [] });
    expect(Buffer.byteLength(list)).toBeLessThanOrEqual(20_000);
  });
});
