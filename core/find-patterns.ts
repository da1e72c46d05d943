// Looks for what is a secret by its looks. Three letters in a row say which patterns may begin there; only those are tried.
import type { Letters } from './letters.ts';
import { lettersOf } from './letters.ts';
import type { SecretPattern } from './secret-patterns.ts';
import { isPlaceholder, secretPatterns } from './secret-patterns.ts';

/** Places in the text; what the match rests on begins at `from`. */
export type PatternSpan = { kind: string; from: number; start: number; end: number };

export const findPatterns = (text: string, { codes, at, count }: Letters): PatternSpan[] => {
  const spans: PatternSpan[] = [];
  let gram = 0;
  let after = 0;
  for (let index = 0; index < count; index += 1) {
    gram = ((gram << 6) | (codes[index] ?? 0)) & gramMask;
    const list = tried[gram] ?? 0;
    if (list === 0 || index < 2) continue;
    const start = at[index - 2] ?? 0;
    if (start < after) continue;
    const found = firstOf(beginnings[list] ?? [], text, start);
    if (!found) continue;
    // behind a placeholder a secret may begin within the same run of characters
    after = found.isPlaceholder ? Math.min(found.end, start + placeholderStep) : found.end;
    if (!found.isPlaceholder) spans.push(found);
  }
  return spans;
};

const placeholderStep = 64;
/** Of a longer match only the beginning tells. */
const placeholderLength = 200;

type Beginning = SecretPattern & { begin: string };

const gramMask = (1 << 18) - 1;
/** For each run of three letters, which list of `beginnings` belongs to it. */
const tried = new Uint16Array(gramMask + 1);
const beginnings: Beginning[][] = [[]];

const note = (gram: number, beginning: Beginning) => {
  const list = tried[gram] ?? 0;
  if (list > 0) return void beginnings[list]?.push(beginning);
  tried[gram] = beginnings.push([beginning]) - 1;
};

for (const secret of secretPatterns) {
  for (const begin of secret.begins) {
    const { codes, count } = lettersOf(begin);
    const [first = 0, second = 0, third] = codes.subarray(0, count);
    // of two letters, whatever the third one is
    const thirds = third === undefined ? Array.from({ length: 36 }, (_, index) => index + 1) : [third];
    for (const last of thirds) note((first << 12) | (second << 6) | last, { ...secret, begin });
  }
}

type Match = PatternSpan & { isPlaceholder: boolean };

const firstOf = (candidates: readonly Beginning[], text: string, start: number): Match | undefined => {
  for (const { kind, begin, pattern } of candidates) {
    const from = start - lettersStartIn(begin);
    if (!pattern.ignoreCase && !text.startsWith(begin, from)) continue;
    pattern.lastIndex = from;
    const match = pattern.exec(text);
    if (!match) continue;
    const { before = '', secret = match[0] } = match.groups ?? {};
    const secretStart = from + match[0].lastIndexOf(secret) - before.length;
    const end = secretStart + before.length + secret.length;
    const place = { from: Math.min(from, secretStart), start: secretStart, end };
    return { kind, ...place, isPlaceholder: isPlaceholder((before + secret).slice(0, placeholderLength)) };
  }
  return undefined;
};

/** A beginning may open with a quote. */
const lettersStartIn = (begin: string): number => begin.search(/[A-Za-z0-9]/);
