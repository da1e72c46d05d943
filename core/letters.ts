// What of a text no white space, quote, hyphen, colour or change of case can hide: its ASCII letters and digits.

/** 1 to 10 for a digit, 11 to 36 for a letter of either case; and where in the text each of them stands. */
export type Letters = {
  codes: Uint8Array;
  at: Int32Array;
  count: number;
  /** Nothing else is there that may stand for letters, or between them unseen. */
  isPlain: boolean;
};

export const lettersOf = (text: string): Letters => {
  const codes = new Uint8Array(text.length);
  const at = new Int32Array(text.length);
  let count = 0;
  let isPlain = true;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    const code = unit < 128 ? (codeOf[unit] ?? 0) : notPlain;
    if (code === 0) continue;
    if (code === notPlain) {
      isPlain = false;
      continue;
    }
    codes[count] = code;
    at[count] = index;
    count += 1;
  }
  return { codes, at, count, isPlain };
};

const notPlain = 255;
const codeOf = new Uint8Array(128).fill(notPlain, 0, 32).fill(notPlain, 127);
for (const char of '\\%&') codeOf[char.charCodeAt(0)] = notPlain;
for (const char of '\t\n\r') codeOf[char.charCodeAt(0)] = 0;
for (const [index, char] of [...'0123456789abcdefghijklmnopqrstuvwxyz'].entries()) {
  codeOf[char.charCodeAt(0)] = index + 1;
  codeOf[char.toUpperCase().charCodeAt(0)] = index + 1;
}
