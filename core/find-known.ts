// Looks for known values in all their forms at once, in linear time: of each form every eighth run of eight letters is
// in a table, and a run of the text that is in the table is compared with what stands around it.
import type { Letters } from './letters.ts';
import { lettersOf } from './letters.ts';
import { formsOf } from './secret-forms.ts';

/** Letters of a text, the last one not included. */
export type KnownSpan = { kind: string; start: number; end: number };

type Form = { kind: string; codes: Uint8Array; need: number };
type Block = { form: Form; offset: number };

const blockLength = 8;
/** So much of a long value is taken for the value: it may stand split, one half here and one half elsewhere. */
const pieceLength = 20;

export type KnownValues = {
  add: (kind: string, value: string) => void;
  find: (letters: Letters) => KnownSpan[];
};

export const createKnownValues = (): KnownValues => {
  const blocks = new Map<number, Block[]>();
  /** One bit per place: most runs of a text are in no form, and this says so without the map. */
  const filter = new Int32Array(filterBits / 32);

  const addBlock = (block: Block) => {
    const { codes } = block.form;
    let hash = 0;
    for (let index = 0; index < blockLength; index += 1) hash = roll(hash, codes[block.offset + index] ?? 0);
    const place = placeOf(hash);
    filter[place >>> 5] = (filter[place >>> 5] ?? 0) | (1 << (place & 31));
    blocks.set(hash, [...(blocks.get(hash) ?? []), block]);
  };

  const add = (kind: string, value: string) => {
    for (const text of new Set(formsOf(value))) {
      const letters = lettersOf(text);
      const codes = letters.codes.slice(0, letters.count);
      if (codes.length < blockLength) continue;
      const form = { kind, codes, need: neededOf(value, codes.length) };
      const last = form.need === codes.length ? 0 : codes.length - blockLength;
      for (let offset = 0; offset <= last; offset += blockLength) addBlock({ form, offset });
    }
  };

  const find = (letters: Letters): KnownSpan[] => {
    if (blocks.size === 0) return [];
    const { codes, count } = letters;
    const spans: KnownSpan[] = [];
    let hash = 0;
    let after = 0;
    for (let index = 0; index < count; index += 1) {
      hash = roll(hash, codes[index] ?? 0);
      const place = placeOf(hash);
      if (((filter[place >>> 5] ?? 0) & (1 << (place & 31))) === 0) continue;
      const start = index - blockLength + 1;
      if (start < after) continue;
      const found = longest(blocks.get(hash) ?? [], letters, start);
      if (!found) continue;
      spans.push(found);
      after = found.end;
    }
    return spans;
  };
  return { add, find };
};

const filterBits = 1 << 18;

/** Of eight letters: older ones are shifted out. */
const roll = (hash: number, code: number): number => ((hash << 4) + code) | 0;
const placeOf = (hash: number): number => Math.imul(hash, 0x9e3779b1) >>> 14;

/** A word that a person chose is only itself when it stands there as a whole. */
const neededOf = (value: string, length: number): number =>
  length > pieceLength && /\d/.test(value) && /[a-z]/i.test(value) ? pieceLength : length;

const longest = (candidates: readonly Block[], letters: Letters, start: number): KnownSpan | undefined => {
  let best: KnownSpan | undefined;
  for (const { form, offset } of candidates) {
    const span = widen(form, offset, { letters, start });
    if (span && span.end - span.start > (best ? best.end - best.start : 0)) best = span;
  }
  return best;
};

type Place = { letters: Letters; start: number };

const widen = ({ kind, codes, need }: Form, offset: number, { letters, start }: Place) => {
  let before = 0;
  while (before < Math.min(offset, start) && codes[offset - before - 1] === letters.codes[start - before - 1])
    before += 1;
  let after = 0;
  const room = Math.min(codes.length - offset, letters.count - start);
  while (after < room && codes[offset + after] === letters.codes[start + after]) after += 1;
  if (after < blockLength || before + after < need) return undefined;
  return { kind, start: start - before, end: start + after };
};
