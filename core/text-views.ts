// A text as whoever reads it may see it: colours and invisible characters left out, escapes undone.
import type { Letters } from './letters.ts';
import { lettersOf } from './letters.ts';

/** `startOf` and `endOf` lead from a character of the view to where it begins and ends in the text itself. */
export type View = {
  text: string;
  letters: Letters;
  startOf: (index: number) => number;
  endOf: (index: number) => number;
};

/** The text itself, and what is left when it is unescaped, twice at most. */
export const viewsOf = (text: string): View[] => {
  const itself = { startOf: (index: number) => index, endOf: (index: number) => index + 1 };
  const views: View[] = [{ text, letters: lettersOf(text), ...itself }];
  for (let round = 0; round < maxRounds; round += 1) {
    const last = views.at(-1);
    const next = last && unescape(last);
    if (!next) break;
    views.push(next);
  }
  return views;
};

const maxRounds = 2;

// Each alternative takes at least one character whatever comes after it, and none reads on past a second escape: linear.
const escape = String.raw`(?:\x1b|\\(?:u001b|u\{1b\}|x1b|033|e(?=\[)))`;
const hidden = new RegExp(
  [
    // colours and the like: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
    String.raw`${escape}(?:\[[0-?]{0,64}[ -\/]{0,8}[@-~]|[\]PX^_][^\x07\x1b\x9c\\\n]{0,4096}(?:\x07|\x1b\\|\x9c)?|[ -\/]{0,8}[0-~])?`,
    String.raw`\x9b[0-?]{0,64}[ -\/]{0,8}[@-~]?`,
    String.raw`\\(?:u\{(?<point>[0-9a-f]{1,6})\}|u(?<unit>[0-9a-f]{4})|x(?<byte>[0-9a-f]{2})|(?<octal>[0-3][0-7]{2})|(?<line>[nrtbfv]))?`,
    String.raw`%(?<percent>[0-9a-f]{2})`,
    String.raw`&(?:#(?<decimal>\d{1,7})|#x(?<hex>[0-9a-f]{1,6})|(?<name>[a-z]{2,8}));`,
    String.raw`[[\p{Cc}--[\n\r\t\x1b\x9b]]\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029]`,
  ].join('|'),
  'giv',
);
const invisible = /^[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029]$/u;

type Piece = { view: number; from: number; length: number; isCopy: boolean };

/** undefined when there is nothing to undo. */
const unescape = (view: View): View | undefined => {
  const { text, letters } = view;
  if (letters.isPlain) return undefined;
  const pieces: Piece[] = [];
  let seen = '';
  let from = 0;
  const take = (part: string, piece: Omit<Piece, 'view'>) => {
    if (part === '') return;
    pieces.push({ ...piece, view: seen.length });
    seen += part;
  };
  for (const match of text.matchAll(hidden)) {
    const { index, groups = {} } = match;
    const length = match[0].length;
    take(text.slice(from, index), { from, length: index - from, isCopy: true });
    take(decoded(groups, match[0]), { from: index, length, isCopy: false });
    from = index + length;
  }
  if (from === 0) return undefined;
  take(text.slice(from), { from, length: text.length - from, isCopy: true });
  return { text: seen, letters: lettersOf(seen), ...placesIn(pieces, view) };
};

const decoded = (groups: Record<string, string | undefined>, whole: string): string => {
  const { point, unit, byte, octal, line, percent, decimal, hex, name } = groups;
  const digits = point ?? unit ?? byte ?? percent ?? hex;
  if (name !== undefined) return names[name.toLowerCase()] ?? whole;
  if (digits !== undefined) return visible(Number.parseInt(digits, 16));
  if (octal !== undefined) return visible(Number.parseInt(octal, 8));
  if (line !== undefined) return '\n';
  return decimal === undefined ? '' : visible(Number(decimal));
};

const visible = (point: number): string => {
  if (point === 10) return '\n';
  const char = point <= 0x10ffff ? String.fromCodePoint(point) : '';
  return invisible.test(char) ? '' : char;
};

/** https://html.spec.whatwg.org/multipage/named-characters.html */
const names: Record<string, string> = {
  amp: '&',
  quot: '"',
  apos: "'",
  lt: '<',
  gt: '>',
  nbsp: ' ',
  lowbar: '_',
  hyphen: '-',
  dash: '-',
  period: '.',
  plus: '+',
  sol: '/',
  equals: '=',
  colon: ':',
  commat: '@',
};

const placesIn = (pieces: readonly Piece[], { startOf, endOf }: View): Pick<View, 'startOf' | 'endOf'> => ({
  startOf: (index) => {
    const { view, from, isCopy } = pieceAt(pieces, index);
    return startOf(isCopy ? from + index - view : from);
  },
  endOf: (index) => {
    const { view, from, length, isCopy } = pieceAt(pieces, index);
    return endOf(isCopy ? from + index - view : from + length - 1);
  },
});

const pieceAt = (pieces: readonly Piece[], index: number): Piece => {
  let [low, high] = [0, pieces.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pieces[middle]?.view ?? 0) <= index) low = middle;
    else high = middle - 1;
  }
  const piece = pieces[low];
  if (!piece) throw new Error('a view without text has no places');
  return piece;
};
