import { describe, expect, it } from 'vitest';
import { costUsd } from '#worker/gateway/pricing.ts';

const none = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWrite5mTokens: 0,
  cacheWrite1hTokens: 0,
};
const million = 1_000_000;

describe('the price of a request', () => {
  it.each([
    ['claude-opus-5-5', [4, 20, 0.2, 5, 8]],
    ['claude-sonnet-5-5', [2, 10, 0.1, 2.5, 4]],
    ['claude-haiku-5-5', [0.5, 2.5, 0.05, 0.625, 1]],
    ['claude-fable-5-2', [8, 40, 0.2, 10, 16]],
  ])('is what the CLI calculates for a million tokens of each class: %s', (model, [i, o, read, w5, w1]) => {
    // output has no tier of its own: it costs more when the input is long
    const long = { ...none, inputTokens: million };
    expect(costUsd(model, long)).toBeCloseTo(i!, 9);
    expect(costUsd(model, { ...long, outputTokens: million })).toBeCloseTo(i! + o!, 9);
    expect(costUsd(model, { ...none, cacheReadTokens: million })).toBeCloseTo(read!, 9);
    expect(costUsd(model, { ...none, cacheWrite5mTokens: million })).toBeCloseTo(w5!, 9);
    expect(costUsd(model, { ...none, cacheWrite1hTokens: million })).toBeCloseTo(w1!, 9);
  });

  it('adds the classes up', () => {
    const mixed = {
      inputTokens: 90_000,
      outputTokens: 100_000,
      cacheReadTokens: 90_000,
      cacheWrite5mTokens: 90_000,
      cacheWrite1hTokens: 0,
    };
    expect(costUsd('claude-opus-5-5', mixed)).toBeCloseTo(2.828, 9);
    expect(costUsd('claude-haiku-5-5', mixed)).toBeCloseTo(0.35575, 9);
  });

  it('rises for a long request where the model has that, cached input included', () => {
    expect(costUsd('claude-haiku-5-5', { ...none, inputTokens: 100_000 })).toBeCloseTo(0.01, 9);
    expect(costUsd('claude-haiku-5-5', { ...none, inputTokens: 100_001 })).toBeCloseTo(0.0500005, 9);
    const cached = { ...none, inputTokens: 60_000, cacheReadTokens: 60_000 };
    expect(costUsd('claude-haiku-5-5', cached)).toBeCloseTo(0.033, 9);
  });

  it('is the same under a dated name', () => {
    const tokens = { ...none, outputTokens: million };
    expect(costUsd('claude-haiku-4-5-20251001', tokens)).toBe(costUsd('claude-haiku-4-5', tokens));
  });

  it('is that of the dearest model when the model is unknown', () => {
    for (const counted of Object.keys(none)) {
      const tokens = { ...none, [counted]: million };
      const known = [
        'claude-opus-5-5',
        'claude-opus-4-5',
        'claude-fable-5-2',
        'claude-fable-5',
        'claude-sonnet-4-5',
      ];
      expect(costUsd('claude-next-9', tokens)).toBe(
        Math.max(...known.map((model) => costUsd(model, tokens))),
      );
    }
  });
});
