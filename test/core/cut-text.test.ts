import { describe, expect, it } from 'vitest';
import { cutText } from '#core/cut-text.ts';

describe('cutText', () => {
  it('leaves alone what fits to the byte', () => {
    expect(cutText('é'.repeat(50), 100, '…')).toBe('é'.repeat(50));
  });

  it.each(['a', 'é', '€', '😀', 'a😀', '\ud800', '\udc00a'])('never halves a code point of %j', (unit) => {
    for (let maxBytes = 20; maxBytes < 40; maxBytes += 1) {
      const text = unit.repeat(60);
      const cut = cutText(text, maxBytes, ' [cut]');
      const kept = cut.slice(0, -' [cut]'.length);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes);
      expect(Buffer.byteLength(cut)).toBeGreaterThan(maxBytes - 4);
      expect([...text].slice(0, [...kept].length).join('')).toBe(kept);
    }
  });
});
