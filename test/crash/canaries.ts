// Secrets in whatever form: as they are, in base64 at any offset, in hex, for a URL, backwards.
type Named = { name: string; text: string };
type Secret = { name: string; value: string };

export const findSecrets = (sinks: readonly Named[], secrets: readonly Secret[]) =>
  secrets.flatMap(({ name: secret, value }) =>
    Object.entries(formsOf(value)).flatMap(([form, needles]) =>
      sinks
        .filter(({ text }) => needles.some((needle) => text.includes(needle)))
        .map(({ name: sink }) => ({ secret, sink, form })),
    ),
  );

const formsOf = (value: string): Record<string, string[]> => ({
  raw: [value],
  base64: [0, 1, 2].flatMap((offset) => [
    inside(value, offset, 'base64'),
    inside(value, offset, 'base64url'),
  ]),
  hex: [Buffer.from(value).toString('hex')],
  url: [encodeURIComponent(value)],
  reversed: [[...value].toReversed().join('')],
});

/** What of the value's base64 stays the same whatever stands before and after it. */
const inside = (value: string, offset: number, encoding: 'base64' | 'base64url') =>
  Buffer.from(`${' '.repeat(offset)}${value}`)
    .toString(encoding)
    .slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + Buffer.byteLength(value)) * 8) / 6));
