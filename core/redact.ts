// Takes secrets out of what is about to leave: those that we know, in whatever form, then what looks like one.
import { createKnownValues } from './find-known.ts';
import { findEncoded } from './find-encoded.ts';
import type { PatternSpan } from './find-patterns.ts';
import { findPatterns } from './find-patterns.ts';
import { lettersOf } from './letters.ts';
import { mapTexts } from './map-texts.ts';
import type { View } from './text-views.ts';
import { viewsOf } from './text-views.ts';

export type KnownSecret = { kind: string; value: string };

/** Where in a text a secret stands; what tells that it is one begins at `from`. */
export type SecretSpan = { kind: string; from: number; start: number; end: number; isKnown: boolean };

/** What was found, and in which line: never the value. */
export type Finding = { kind: string; line: number };

export type Redactor = {
  /** From now on it is known. Lines of a longer text are known one by one; less than 8 characters are no secret. */
  register: (kind: string, value: string) => void;
  /** With `[redacted:<kind>]` where a secret stood. */
  text: (text: string) => string;
  /** The same with every text inside: of objects (their keys too), lists, errors and their causes. */
  value: <T>(value: T) => T;
  /** A JSON text, which stays one. */
  json: (text: string) => string;
  spans: (text: string) => SecretSpan[];
  find: (text: string | Uint8Array) => Finding[];
};

export const minSecretLength = 8;

export const createRedactor = ({ values = [] }: { values?: Iterable<KnownSecret> } = {}): Redactor => {
  const known = createKnownValues();
  const seen = new Set<string>();
  /** What has too few letters to be told by them. */
  const bare: KnownSecret[] = [];

  const register = (kind: string, value: string) => {
    for (const line of value.split(/\r?\n/).map((line) => line.trim())) {
      if (line.length < minSecretLength || line.startsWith('-----') || seen.has(line)) continue;
      seen.add(line);
      if (lettersOf(line).count < minSecretLength) bare.push({ kind, value: line });
      else known.add(kind, line);
    }
  };
  for (const { kind, value } of values) register(kind, value);

  const spansIn = (view: View): SecretSpan[] => {
    const { text, letters } = view;
    const exact = known.find(letters).map(({ kind, start, end }) => {
      const first = letters.at[start] ?? 0;
      return { kind, from: first, start: first, end: afterBase64(text, (letters.at[end - 1] ?? 0) + 1) };
    });
    return [
      ...placed(view, [...exact, ...bareIn(text, bare)], true),
      ...placed(view, [...findPatterns(text, letters), ...findEncoded(text, letters)], false),
    ];
  };

  const spans = (text: string): SecretSpan[] =>
    text.length < minSecretLength ? [] : merged(viewsOf(text).flatMap(spansIn));
  /** JSON stays JSON, also where a secret goes over several of its texts. */
  const clean = (text: string): string => {
    const found = spans(text);
    if (found.length === 0) return text;
    const mapped = mapJson(text, value);
    return mapped === undefined ? replaced(text, found) : replaced(mapped, spans(mapped));
  };
  const value = <T>(value: T): T => mapTexts(value, clean);

  return {
    register,
    text: (text) => replaced(text, spans(text)),
    value,
    json: clean,
    spans,
    find: (input) => {
      const text = typeof input === 'string' ? input : Buffer.from(input).toString('utf8');
      return findingsOf(text, spans(text));
    },
  };
};

/** In the text that the view shows. */
const placed = ({ startOf, endOf }: View, spans: PatternSpan[], isKnown: boolean): SecretSpan[] =>
  spans.map(({ kind, from, start, end }) => ({
    kind,
    from: startOf(from),
    start: startOf(start),
    end: endOf(end - 1),
    isKnown,
  }));

/** The end of what was base64 goes with it: its padding, and the character that stands for its last bits. */
const afterBase64 = (text: string, end: number): number => {
  base64End.lastIndex = end;
  return base64End.test(text) ? base64End.lastIndex : end;
};

const base64End = /[\w+/-]?={1,2}(?![\w+/-])/y;

const bareIn = (text: string, bare: readonly KnownSecret[]): PatternSpan[] =>
  bare.flatMap(({ kind, value }) => {
    const spans: PatternSpan[] = [];
    for (let at = text.indexOf(value); at !== -1; at = text.indexOf(value, at + value.length))
      spans.push({ kind, from: at, start: at, end: at + value.length });
    return spans;
  });

/** In order, without overlaps; of those that overlap, one that is known gives the name. */
const merged = (spans: SecretSpan[]): SecretSpan[] => {
  const result: SecretSpan[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = result.at(-1);
    if (!last || span.start >= last.end) {
      result.push({ ...span });
      continue;
    }
    if (span.isKnown && !last.isKnown) Object.assign(last, { kind: span.kind, isKnown: true });
    last.end = Math.max(last.end, span.end);
    last.from = Math.min(last.from, span.from);
  }
  return result;
};

export const replaced = (text: string, spans: readonly SecretSpan[]): string => {
  if (spans.length === 0) return text;
  let at = 0;
  const parts = spans.map(({ kind, start, end }) => {
    const before = text.slice(at, start);
    at = end;
    return `${before}[redacted:${kind}]`;
  });
  return parts.join('') + text.slice(at);
};

/** undefined when it is no JSON. What was ASCII stays that: SQS does not take everything. */
const mapJson = (text: string, map: (value: unknown) => unknown): string | undefined => {
  if (!/^\s*["{[]/.test(text)) return undefined;
  try {
    const mapped = JSON.stringify(map(JSON.parse(text)));
    return /^[\x20-\x7e\s]*$/.test(text) ? toAscii(mapped) : mapped;
  } catch {
    return undefined; // a text like any other
  }
};

const toAscii = (json: string): string =>
  json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const findingsOf = (text: string, spans: readonly SecretSpan[]): Finding[] => {
  let line = 1;
  let at = 0;
  return spans.map(({ kind, start }) => {
    for (; at < start; at += 1) if (text.charCodeAt(at) === 10) line += 1;
    return { kind, line };
  });
};
