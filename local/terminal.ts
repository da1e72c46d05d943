// Lines for a person: 80 columns, readable without colour, and never a long silence.
import pc from 'picocolors';
import type { Output } from './progress.ts';
import { createProgress } from './progress.ts';

const columns = 80;

export type Terminal = ReturnType<typeof createTerminal>;
type Paint = ReturnType<typeof pc.createColors>;

export const createTerminal = (out: Output, colour = pc.isColorSupported) => {
  const paint = pc.createColors(colour);
  const progress = createProgress(out, paint.dim);
  const line = (text = '') => {
    progress.interrupt();
    out.write(`${text}\n`);
  };
  return {
    line,
    heading: (text: string) => line(`\n${paint.bold(text)}\n`),
    /** A part that is there: name, address and how long it took. */
    part: (name: string, address: string, ms: number) =>
      line(
        `  ${paint.green('✓')} ${name.padEnd(26)} ${paint.cyan(address.padEnd(40))} ${seconds(ms).padStart(7)}`,
      ),
    /** Something happened: time since the beginning, where, what. */
    step: (ms: number, where: string, what: string) =>
      line(`${seconds(ms).padStart(8)}  ${paint.bold(where.padEnd(9))} ${fit(what, columns - 20)}`),
    good: (text: string) => line(`${paint.green('✓')} ${text}`),
    bad: (text: string) => line(`${paint.red('✗')} ${text}`),
    diff: (text: string) => {
      for (const row of text.trimEnd().split('\n')) line(`    ${paintDiff(paint, row)}`);
    },
    waitFor: progress.waitFor,
    close: progress.close,
  };
};

const seconds = (ms: number) => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;

const fit = (text: string, width: number) => {
  const flat = text.replace(/\s+/g, ' ');
  return flat.length <= width ? flat : `${flat.slice(0, width - 1)}…`;
};

const paintDiff = (paint: Paint, row: string) => {
  if (row.startsWith('+') && !row.startsWith('+++')) return paint.green(row);
  if (row.startsWith('-') && !row.startsWith('---')) return paint.red(row);
  return row.startsWith('@@') ? paint.cyan(row) : paint.dim(row);
};
