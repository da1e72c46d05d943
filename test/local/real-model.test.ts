import { describe, expect, it } from 'vitest';
import { refusalOfRealModel } from '#local/real-model.ts';

describe('the real model', () => {
  it('may be asked by root with a key', () => {
    expect(refusalOfRealModel({ apiKey: 'k', isRoot: true })).toBeUndefined();
  });

  it('is refused where the agent would have the user’s own id and files', () => {
    expect(refusalOfRealModel({ apiKey: 'k', isRoot: false })).toContain('read your files');
  });

  it.each([undefined, ''])('is refused without a key (%j)', (apiKey) => {
    expect(refusalOfRealModel({ apiKey, isRoot: true })).toContain('ANTHROPIC_API_KEY');
  });
});
