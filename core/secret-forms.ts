// The forms in which a known value may stand in a text. What only changes its case, or puts something between its
// letters, is no form of its own (letters.ts); what escapes single characters is undone before (text-views.ts).

/** In plain letters first; the others as they are wherever in a longer text they were encoded. */
export const formsOf = (value: string): string[] => {
  const [narrow, wide] = [Buffer.from(value), Buffer.from(value, 'utf16le')];
  return [
    value,
    [...value].toReversed().join(''),
    rot13(value),
    narrow.toString('hex'),
    [...narrow].map((byte) => `0x${byte.toString(16)}`).join(''),
    narrow.join(''), // the bytes as numbers
    ...[0, 1, 2].flatMap((offset) => [insideBase64(narrow, offset), insideBase64(wide, offset)]),
  ];
};

/** What of the bytes' base64 stays the same whatever stands before and after them. */
const insideBase64 = (bytes: Buffer, offset: number): string =>
  Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));

const rot13 = (text: string): string =>
  text.replace(/[a-z]/gi, (letter) => {
    const base = letter <= 'Z' ? 65 : 97;
    return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
  });
