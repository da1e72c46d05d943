// The ways in which a secret may be written so that a look for the secret itself does not find it.
const bytes = (text: string) => [...Buffer.from(text)];
const hexOf = (byte: number) => byte.toString(16).padStart(2, '0');
const unitsOf = (text: string) => Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
const lines = (text: string, columns: number) => text.replace(new RegExp(`.{${columns}}(?=.)`, 'g'), '$&\n');
const base64 = (text: string, encoding: 'base64' | 'base64url' = 'base64') =>
  Buffer.from(text).toString(encoding);
const inside = (text: string, before: string) => base64(`${before}${text} and so on`);

export const encodings = {
  'as it is': (text) => text,
  base64: (text) => base64(text),
  'base64, one byte later': (text) => inside(text, ':'),
  'base64, two bytes later': (text) => inside(text, 'a:'),
  'base64 for URLs': (text) => base64(text, 'base64url'),
  'base64 in lines of 76': (text) => lines(inside(text, 'what comes before it, so that a line ends: '), 76),
  'base64 of UTF-16': (text) => Buffer.from(text, 'utf16le').toString('base64'),
  hex: (text) => bytes(text).map(hexOf).join(''),
  'hex in capitals': (text) => bytes(text).map(hexOf).join('').toUpperCase(),
  'hex with colons': (text) => bytes(text).map(hexOf).join(':'),
  'hex with spaces': (text) => bytes(text).map(hexOf).join(' '),
  'escaped bytes': (text) =>
    bytes(text)
      .map((byte) => String.raw`\x` + hexOf(byte))
      .join(''),
  'numbers in hex': (text) =>
    bytes(text)
      .map((byte) => `0x${hexOf(byte)}`)
      .join(', '),
  numbers: (text) => JSON.stringify(bytes(text)),
  'as in a URL, every byte': (text) =>
    bytes(text)
      .map((byte) => `%${hexOf(byte)}`)
      .join(''),
  'as in a URL': (text) => encodeURIComponent(text),
  'as in JSON': (text) => JSON.stringify(text).replaceAll('/', String.raw`\/`),
  'as in JSON in JSON': (text) => JSON.stringify(JSON.stringify(text)),
  'escaped units': (text) =>
    unitsOf(text)
      .map((unit) => String.raw`\u` + unit.toString(16).padStart(4, '0'))
      .join(''),
  'HTML entities': (text) =>
    unitsOf(text)
      .map((unit) => `&#${unit};`)
      .join(''),
  'HTML entities in hex': (text) =>
    unitsOf(text)
      .map((unit) => `&#x${unit.toString(16)};`)
      .join(''),
  reversed: (text) => [...text].toReversed().join(''),
  rot13: (text) =>
    text.replace(/[a-z]/gi, (letter) =>
      String.fromCharCode(letter.charCodeAt(0) + (/[a-m]/i.test(letter) ? 13 : -13)),
    ),
  'in capitals': (text) => text.toUpperCase(),
  'with nothing to see between its letters': (text) => [...text].join('\u200b'),
  'in colours': (text) => [...text].join('\u001b[31m'),
  'in colours, made visible': (text) => [...text].join(String.raw`\u{1b}[1;31m`),
  'in two texts put together': (text) =>
    `${text.slice(0, text.length / 2)}" +\n    "${text.slice(text.length / 2)}`,
  'in spaced letters': (text) => [...text].join(' '),
} as const satisfies Record<string, (text: string) => string>;

/** Those in which a secret that nobody told us of is found too. */
export const seenByLooks = [
  'as it is',
  'base64',
  'base64, one byte later',
  'base64, two bytes later',
  'base64 for URLs',
  'base64 in lines of 76',
  'base64 of UTF-16',
  'hex',
  'hex in capitals',
  'hex with colons',
  'hex with spaces',
  'escaped bytes',
  'as in a URL, every byte',
  'as in a URL',
  'as in JSON',
  'as in JSON in JSON',
  'escaped units',
  'HTML entities',
  'HTML entities in hex',
  'with nothing to see between its letters',
  'in colours',
  'in colours, made visible',
] as const satisfies readonly (keyof typeof encodings)[];
