// Text from outside on its way to a sink of ours: a comment, a pull request, a commit, a log.
import { cutText } from './cut-text.ts';

/**
 * The text with everything visible: control characters (but newline and tab), format characters (bidi, zero width)
 * and the Unicode line separators stand there as `\u{202e}`.
 */
export const printable = (text: string): string =>
  text
    .replace(/\r\n?/g, '\n')
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (char) =>
      char === '\n' || char === '\t' ? char : `\\u{${char.codePointAt(0)?.toString(16) ?? ''}}`,
    );

/**
 * Printable text that orders nobody to do anything where it is published: no mention, no reference, no closing word,
 * no slash command, no trailer, no switch for the CI, no hidden comment, no picture that calls home, no suggestion that
 * one click commits. Each is broken by a zero-width space, so a person still reads what was written.
 */
export const harmless = (text: string): string =>
  printable(text)
    .replace(/[@#](?=[\p{L}\p{N}_-])/gu, (mark) => mark + gap)
    .replace(/\bGH-(?=\d)/gi, (mark) => mark + gap)
    .replace(/\b(clos|fix|resolv)(?=\w{0,2}:?\s+\S{0,200}\/(?:issues|pull)\/)/gi, splitWord)
    .replace(/^([ \t>*+-]*)\/(?=\w)/gm, (_, before: string) => `${before}/${gap}`)
    .replace(/^([ \t]*[A-Za-z][A-Za-z-]*-(?:by|task|checks))(?=:)/gim, (_, key: string) => key + gap)
    .replace(/([[*_])(?=(?:skip|no|ci|actions)[ _](?:ci|skip|actions)\b)/gi, (mark) => mark + gap)
    .replace(/<(?=!|\/?(?:img|picture|source|video|audio)\b)/gi, (mark) => mark + gap)
    .replace(/!(?=\[)/g, (mark) => mark + gap)
    .replace(/[`~]{3,}[^\n]*/g, (fence) => fence.replace(/&|suggestio(?=n)/giu, splitWord))
    .replace(/<(?=pre[\s/])/gi, (mark) => mark + gap); // its attribute `lang` says what a fence's first word says

const gap = '\u200b';
const splitWord = (word: string) => word.charAt(0) + gap + word.slice(1);

/** Harmless text of at most maxBytes in UTF-8. It is cut at last, because what is made visible grows. */
export const harmlessWithin = (text: string, maxBytes: number): string =>
  cutText(harmless(text.slice(0, 2 * maxBytes + 2)), maxBytes, '\n[cut]'); // no character more is left of it: CR LF becomes one

/** The text as a block of code that nothing inside it can end; of a longer one its beginning. */
export const fenced = (text: string, maxBytes = Infinity): string => {
  const body = harmlessWithin(text, maxBytes);
  const longest = Math.max(2, ...[...body.matchAll(/`+/g)].map(([run]) => run.length));
  const mark = '`'.repeat(longest + 1);
  return `${mark}text\n${body}\n${mark}`;
};

/** The first line that says something, without markdown's marks, cut to maxLength characters. */
export const oneLine = (text: string, maxLength: number): string => {
  const line = harmless(text)
    .split('\n')
    .map((line) =>
      line
        .replace(/^[#>*\s-]+|\*\*|`/g, '')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .find((line) => line !== '');
  const characters = [...(line ?? '')];
  return characters.length <= maxLength
    ? characters.join('')
    : `${characters
        .slice(0, maxLength - 1)
        .join('')
        .trimEnd()}…`;
};
