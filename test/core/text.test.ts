import { describe, expect, it } from 'vitest';
import { fenced, harmless, oneLine, printable } from '#core/text.ts';

describe('printable', () => {
  it.each([
    ['an escape sequence', 'a\u001b[2Jb', String.raw`a\u{1b}[2Jb`],
    ['a C1 control', 'a\u009bb', String.raw`a\u{9b}b`],
    ['a bidi override', 'a\u202eb', String.raw`a\u{202e}b`],
    ['a zero-width joiner', 'a\u200db', String.raw`a\u{200d}b`],
    ['a line separator', 'a\u2028b', String.raw`a\u{2028}b`],
    ['a backspace', 'a\bb', String.raw`a\u{8}b`],
  ])('shows %s', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('keeps lines, tabs and emoji, and makes every line end the same', () => {
    expect(printable('a\r\n\tb\rc 🎉é')).toBe('a\n\tb\nc 🎉é');
  });

  it('replaces half a surrogate pair', () => {
    expect(printable('a\ud800b')).toBe('a\ufffdb');
  });
});

describe('harmless', () => {
  it.each([
    ['a mention', 'ask @octo-dev', '@octo-dev'],
    ['a bot command', '@dependabot merge', '@dependabot'],
    ['a reference', 'Fixes #1', '#1'],
    ['a reference elsewhere', 'octo/shop#12', '#12'],
    ['a short reference', 'GH-7', 'GH-7'],
    ['a closing word before a link', 'Closes: https://github.com/o/r/issues/1', 'Closes'],
    ['a slash command', 'done\n/approve', '\n/approve'],
    ['a slash command in a list', '- /lgtm', '/lgtm'],
    ['a trailer', 'text\nSigned-off-by: x', 'Signed-off-by:'],
    ['a trailer of ours', 'Agent-Task: 1', 'Agent-Task:'],
    ['a switch for the CI', 'x [skip ci]', '[skip ci]'],
    ['another switch for the CI', '[actions skip]', '[actions'],
    ['the oldest switch', '***NO_CI***', '*NO_CI'],
    ['a hidden comment', 'a <!-- agent-bot:task= -->', '<!--'],
    ['a channel', '<!channel>', '<!channel'],
    ['a picture', '![x](https://evil.example/?secret)', '!['],
    ['a picture in HTML', '<IMG src=x>', '<IMG'],
    ['a suggestion', '```suggestion\nx\n```', 'suggestion'],
    ['a suggestion in another fence', '> -   ~~~~~ \tSuggestion:-0+0\n> x', 'Suggestion'],
    ['a suggestion behind a longer fence', '   ``````  suggestion', 'suggestion'],
    ['a suggestion spelled with a reference', '```sugg&#101;stion', '&#101;'],
    ['a suggestion in HTML', '<pre lang="suggestion">', '<pre '],
  ])('breaks %s', (_, text, dangerous) => {
    expect(text).toContain(dangerous);
    expect(harmless(text)).not.toContain(dangerous);
    expect(harmless(text).replaceAll('\u200b', '')).toBe(text);
  });

  it('leaves ordinary markdown as it is', () => {
    const text =
      '# Done\n\n- fixed `total()` in a/b.js: a < b\n\n```js\nconst x = [1];\n```\n[docs](https://example.com/a/b)';
    expect(harmless(text)).toBe(text);
  });

  it('takes linear time on hostile text', () => {
    const started = performance.now();
    harmless('fix '.repeat(50_000) + '-'.repeat(50_000) + ' /'.repeat(50_000));
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('fenced', () => {
  it('cannot be ended from inside', () => {
    const block = fenced('a\n```\n````\nb').split('\n');
    expect(block[0]).toBe('`````text');
    expect(block.at(-1)).toBe('`````');
  });

  it('is as long as it may be after everything in it was made visible', () => {
    const block = fenced('\u200b'.repeat(1_000), 100);
    expect(block).toMatch(/^```text\n(?:\\u\{200b\})+[^\n]*\n\[cut\]\n```$/);
    expect(Buffer.byteLength(block)).toBe(100 + Buffer.byteLength('```text\n\n```'));
  });

  it('says that it was cut also where its lines end in two characters', () => {
    expect(fenced('\r\n'.repeat(200), 100)).toMatch(/\n\[cut\]\n```$/);
    expect(fenced('\r\n'.repeat(100), 100)).not.toContain('cut');
  });
});

describe('oneLine', () => {
  it('takes the first line that says something', () => {
    expect(oneLine('\n\n## **Fixed** the total\nmore', 70)).toBe('Fixed the total');
  });

  it('cuts on a character', () => {
    expect(oneLine('🎉'.repeat(80), 70)).toBe(`${'🎉'.repeat(69)}…`);
  });
});
