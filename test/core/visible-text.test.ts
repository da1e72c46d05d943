import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visible, visibleMarkdown } from '#core/visible-text.ts';

describe('visible text', () => {
  it.each([
    ['tags that spell ASCII', 0xe0041],
    ['a word joiner', 0x2060],
    ['an invisible plus', 0x2064],
    ['a Mongolian vowel separator', 0x180e],
    ['a Hangul filler', 0x3164],
    ['a Hangul choseong filler', 0x115f],
    ['a Hangul jungseong filler', 0x1160],
    ['a half-width Hangul filler', 0xffa0],
    ['an empty braille cell', 0x2800],
    ['a variation selector', 0xfe01],
    ['a variation selector that carries bytes', 0xe0101],
    ['a bidi override', 0x202e],
    ['a bidi isolate', 0x2066],
    ['a zero-width space', 0x200b],
    ['a byte order mark', 0xfeff],
    ['a soft hyphen', 0xad],
    ['a combining grapheme joiner', 0x34f],
    ['a private character', 0xe000],
    ['an escape', 0x1b],
    ['a line separator', 0x2028],
  ])('shows %s', (_, point) => {
    const shown = `a\\u{${point.toString(16)}}b`;
    expect(visible(`a${String.fromCodePoint(point)}b`)).toBe(shown);
    expect(visibleMarkdown(`a${String.fromCodePoint(point)}b`)).toBe(shown);
  });

  it('keeps what people write: lines, tabs, letters, colourful emoji, code', () => {
    const code = 'a --> b, Map<string, Foo>, x[1]: y, <div class="a"> <details open>';
    expect(visibleMarkdown(`é ⚠\ufe0f 1\ufe0f\u20e3\r\n\t日本 ${code}`)).toBe(`é ⚠ 1\u20e3\n\t日本 ${code}`);
  });
});

describe('visible markdown', () => {
  it.each([
    ['a comment', 'a <!-- b --> c', 'a <hidden:!-- b --> c'],
    ['a nested comment', '<!-<!-- x -->- h -->', '<!-<hidden:!-- x -->- h -->'],
    ['a comment without an end', 'a\n<!-- b', 'a\n<hidden:!-- b'],
    ['a declaration', '<!x y>', '<hidden:!x y>'],
    ['a processing instruction', '<?x y ?>', '<hidden:?x y ?>'],
    ['the words of a picture', '![b](u)', '!hidden:[b](u)'],
    ['the title of a link', '[a](u "b")', '[a](u hidden:"b")'],
    ['the title of a link on a line of its own', "[a](<u v>\n'b')", "[a](<u v>\nhidden:'b')"],
    ['a definition', '[//]: # (b)', 'hidden:[//]: # (b)'],
    ['a definition in a quoted list', '> 1. [a]: u "b"', '> 1. hidden:[a]: u "b"'],
    ['a definition whose label has two lines', '[a\nb]: u', 'hidden:[a\nb]: u'],
    ['words in a tag', '<img alt="b" src=u title=\'c\'>', '<img hidden:alt="b" src=u hidden:title=\'c\'>'],
    ['words in a tag that does not end', '<img\nalt="b"', '<img\nhidden:alt="b"'],
  ])('marks %s', (_, text, shown) => {
    expect(visibleMarkdown(text)).toBe(shown);
  });

  it.each(['[^1]: a footnote', '<details><summary>a</summary>b</details>', '[a](u)', 'a <b', 'a ! [b]'])(
    'marks nothing that a page shows: %s',
    (text) => {
      expect(visibleMarkdown(text)).toBe(text);
    },
  );

  const piece = fc.oneof(
    fc.constantFrom('<!--', '-->', '<!-', '-', '!', '[', ']', '](', ')', ']:', '"', "'", '<img ', '>'),
    fc.constantFrom('alt=', ' title=', '\n', ' ', 'u', '<', '?', '\\', '- ', '> ', '1.', '#', '\u200b'),
    fc.constantFrom('\ufe0f', '\u{e0041}', '⚠', '\r', '\ud800'),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  const markdown = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));

  it('changes nothing when it is done once more', () => {
    fc.assert(
      fc.property(markdown, (text) => {
        const once = visibleMarkdown(text);
        expect(visibleMarkdown(once)).toBe(once);
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes nothing away, and leaves no beginning of a comment or a picture', () => {
    fc.assert(
      fc.property(markdown, (text) => {
        const shown = visibleMarkdown(text);
        expect(shown.replaceAll('hidden:', '')).toBe(visible(text).replaceAll('hidden:', ''));
        expect(shown).not.toMatch(/<!--|!\[/);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    '[',
    '[a](',
    '![',
    '<a ',
    '<!--',
    '[a]: ',
    '](a (',
    '](((',
    '> ',
    '[\n',
    '](a(b)',
    '<a title=',
    '1.',
  ])('reads half a megabyte of %j in one go', (begun) => {
    const text = begun.repeat(524_288 / begun.length);
    expect(visibleMarkdown(text).length).toBeGreaterThanOrEqual(524_288 - begun.length);
  });
});
