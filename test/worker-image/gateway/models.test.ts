import { describe, expect, it } from 'vitest';
import { modelsOf, problemWithModel } from '#worker/gateway/models.ts';
import { pricedModels } from '#worker/gateway/pricing.ts';

const house = { model: 'claude-opus-5-5' };

describe('the models of a run', () => {
  it.each([
    [undefined, 'claude-opus-5-5'],
    ['opus', 'claude-opus-5-5'],
    ['Sonnet', 'claude-sonnet-5-5'],
    ['sonnet[1m]', 'claude-sonnet-5-5'],
    ['claude-opus-4-8[1m]', 'claude-opus-4-8'],
    ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5-20250929'],
  ])('are the one that %s means and the small one', (asked, model) => {
    expect(modelsOf(house, asked)).toEqual([model, 'claude-haiku-5-5']);
  });

  it('are only those that the house has', () => {
    expect(modelsOf({ model: 'our-own', models: [] }, undefined)).toEqual(['our-own']);
  });
});

describe('a model that a person names', () => {
  it.each([undefined, 'opus', ...pricedModels])('may be %s where the house sets no limit', (asked) => {
    expect(problemWithModel(house, asked)).toBeUndefined();
  });

  it.each(['gpt-9', 'claude-opus-9', 'claude-opus-5-5-v2'])(
    'may not be %s, whose price nobody knows',
    (asked) => {
      expect(problemWithModel(house, asked)).toContain(`I may not use the model ${asked}.`);
    },
  );

  it('is one of those that the house names, or its own', () => {
    const choice = { model: 'sonnet', models: ['haiku'] };
    expect(problemWithModel(choice, 'claude-haiku-5-5')).toBeUndefined();
    expect(problemWithModel(choice, 'claude-sonnet-5-5')).toBeUndefined();
    expect(problemWithModel(choice, 'opus')).toBe(
      'I may not use the model opus. I can use claude-sonnet-5-5, claude-haiku-5-5.',
    );
  });
});
