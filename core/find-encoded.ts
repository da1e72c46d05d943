// Secrets by their looks inside base64 and hex: each long run is decoded and looked at. A run is found by looking at one
// character of so many as it needs, so most of a text is not even read.
import type { PatternSpan } from './find-patterns.ts';
import { findPatterns } from './find-patterns.ts';
import type { Letters } from './letters.ts';
import { lettersOf } from './letters.ts';

/** From where a secret begins to the end of the run: what else is in it is not told apart. */
export const findEncoded = (text: string, letters: Letters): PatternSpan[] => [
  ...inBase64(text),
  ...inHex(letters),
];

const minBase64Length = 27;
const minHexLength = 40;
/** No secret is shorter. */
const minPlainLength = 20;

const inBase64 = (text: string): PatternSpan[] => {
  const isBase64 = (index: number) => classOf[text.charCodeAt(index)] === 1;
  return runsOf({ length: text.length, least: minBase64Length, isPart: isBase64 }).flatMap(([start, end]) => {
    const run = text.slice(start, end).replace(/\s+/g, '');
    if (run.length < minBase64Length) return [];
    // something may be glued to its front, so each place in a group of four may be the first
    const decode = (offset: number) => Buffer.from(run.slice(offset), 'base64');
    const found = earliestOf(
      [0, 1, 2, 3].map((offset) => ({ offset, bytes: decode(offset), unitsPerByte: 4 / 3 })),
    );
    if (!found) return [];
    const from = indexWithoutLines(text, start, found.unit);
    return [{ kind: found.kind, from, start: from, end: afterPadding(text, end) }];
  });
};

/** Where in the text the character stands that is this one of a run, whose ends of lines do not count. */
const indexWithoutLines = (text: string, start: number, unit: number): number => {
  let index = start;
  for (let left = unit; left > 0 || /\s/.test(text.charAt(index)); index += 1)
    if (!/\s/.test(text.charAt(index))) left -= 1;
  return index;
};

/** Whatever stands between the digits. */
const inHex = ({ codes, at, count }: Letters): PatternSpan[] => {
  const isHex = (index: number) => (codes[index] ?? 99) <= 16;
  return runsOf({ length: count, least: minHexLength, isPart: isHex }).flatMap(([start, end]) => {
    const decode = (offset: number) => bytesOf(codes.subarray(start + offset, end));
    const found = earliestOf([0, 1].map((offset) => ({ offset, bytes: decode(offset), unitsPerByte: 2 })));
    if (!found) return [];
    const from = at[start + found.unit] ?? 0;
    return [{ kind: found.kind, from, start: from, end: (at[end - 1] ?? 0) + 1 }];
  });
};

const afterPadding = (text: string, end: number): number =>
  text.startsWith('==', end) ? end + 2 : text.startsWith('=', end) ? end + 1 : end;

const bytesOf = (digits: Uint8Array): Buffer => {
  const bytes = Buffer.alloc(digits.length >> 1);
  for (let index = 0; index < bytes.length; index += 1)
    bytes[index] = (((digits[index * 2] ?? 1) - 1) << 4) | ((digits[index * 2 + 1] ?? 1) - 1);
  return bytes;
};

type Decoded = { offset: number; bytes: Buffer; unitsPerByte: number };

/** The secret that begins first in the run, however it has to be cut to be decoded. */
const earliestOf = (ways: readonly Decoded[]): { kind: string; unit: number } | undefined =>
  ways
    .flatMap(({ offset, bytes, unitsPerByte }) => {
      const found = firstIn(withoutZeros(bytes));
      return found ? [{ kind: found.kind, unit: offset + Math.floor(found.start * unitsPerByte) }] : [];
    })
    .toSorted((a, b) => a.unit - b.unit)[0];

const firstIn = (bytes: Buffer): { kind: string; start: number } | undefined => {
  const isPlain = (index: number) => isReadable(bytes[index] ?? 0);
  for (const [at, end] of runsOf({ length: bytes.length, least: minPlainLength, isPart: isPlain })) {
    const decoded = bytes.toString('latin1', at, end);
    const [found] = findPatterns(decoded, lettersOf(decoded));
    if (found) return { kind: found.kind, start: at + found.start };
  }
  return undefined;
};

const isReadable = (byte: number): boolean => (byte >= 32 && byte < 127) || byte === 10;

/** ASCII in UTF-16 has one in every pair. */
const withoutZeros = (bytes: Buffer): Buffer =>
  bytes.includes(0) ? Buffer.from(bytes.filter((byte) => byte !== 0)) : bytes;

type RunInput = { length: number; least: number; isPart: (index: number) => boolean };

const runsOf = ({ length, least, isPart }: RunInput): [start: number, end: number][] => {
  const runs: [number, number][] = [];
  for (let probe = least - 1, from = 0; probe < length; probe += least) {
    if (!isPart(probe)) continue;
    let start = probe;
    while (start > from && isPart(start - 1)) start -= 1;
    let end = probe + 1;
    while (end < length && isPart(end)) end += 1;
    if (end - start >= least) runs.push([start, end]);
    from = end;
    probe = end - 1;
  }
  return runs;
};

/** 1 for what base64 of either alphabet is made of, and for the ends of its lines. */
const classOf = new Uint8Array(128);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_\r\n')
  classOf[char.charCodeAt(0)] = 1;
