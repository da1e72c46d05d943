import { Transform } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Redactor, SecretSpan } from './redact.ts';
import { replaced } from './redact.ts';

/** Held back at the end of what has come: a secret may go on in the next chunk. No form of one is longer. */
const overlap = 32 * 1024;
/** So much more comes before it is looked at again: each character is looked at twice at most. */
const step = 64 * 1024;

/** Text through, without the secrets in it, however it is cut into chunks. Holds about 100 KB. */
export const redactStream = (redactor: Redactor): Transform => {
  const decoder = new StringDecoder('utf8');
  let held = '';
  const take = (text: string, keep: number): string => {
    held += text;
    if (keep > 0 && held.length < keep + step) return '';
    const spans = redactor.spans(held);
    const cut = cutBefore(spans, held.length - keep);
    const out = replaced(
      held.slice(0, cut),
      spans.filter(({ end }) => end <= cut),
    );
    held = held.slice(cut);
    return out;
  };
  return new Transform({
    transform: (chunk: Uint8Array, _, done) => done(null, take(decoder.write(Buffer.from(chunk)), overlap)),
    flush: (done) => done(null, take(decoder.end(), 0)),
  });
};

/** The last place before `at` that lies in no secret. One that is longer than all that is held is let go where it ends. */
const cutBefore = (spans: readonly SecretSpan[], at: number): number => {
  let cut = at;
  for (const { from, end } of spans.toReversed()) if (from < cut && cut < end) cut = from === 0 ? end : from;
  return cut;
};
