// How things are written on a terminal: 80 columns, no control characters, whatever a person or the agent wrote.
import { printable } from '#core/text.ts';

export type Paint = (format: 'bold' | 'dim', text: string) => string;

export const columns = 80;
export const shortId = (id: string): string => id.slice(0, 8);

/** On one line. */
export const plain = (text: string): string => printable(text).replace(/\s+/g, ' ').trim();

export const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1)).trimEnd()}…`;

const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
] as const;

/** 45s, 12m, 3h, 4d */
export const toAge = (seconds: number): string => {
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? ['s', 1];
  return `${Math.floor(seconds / size)}${unit}`;
};

export const toTime = (instant: string): string => `${instant.slice(0, 16).replace('T', ' ')} UTC`;

export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;

const labelWidth = 16;

/** A name and what it is, the rest of a long value under its beginning; an address is never broken. */
export const field = (label: string, value: string): string => {
  const lines: string[] = [];
  for (const word of plain(value).split(' ')) {
    const last = lines.at(-1);
    const isRoom = last !== undefined && labelWidth + last.length + 1 + word.length < columns;
    if (isRoom) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines
    .map((line, index) => `  ${(index === 0 ? label : '').padEnd(labelWidth - 2)}${line}`)
    .join('\n');
};
