// The verdicts for a reader, 80 columns wide.
import type { Verdict } from './run-case.ts';

const columns = [
  ['case', 15],
  ['kills', 6],
  ['lost', 6],
  ['doubled', 9],
  ['paid', 6],
  ['seconds', 9],
] as const;

const words = { passed: 'ok', failed: 'FAILED', 'known gap': 'gap', 'not here': 'not here' } as const;

const row = (id: string, cells: readonly (string | number)[]): string =>
  id.padEnd(columns[0][1]) +
  cells.map((cell, index) => String(cell).padStart(columns[index + 1]?.[1] ?? 0)).join('');

export const toTable = (verdicts: readonly Verdict[]): string =>
  [
    `${row(
      columns[0][0],
      columns.slice(1).map(([name]) => name),
    )}  ok`,
    '-'.repeat(80),
    ...verdicts.flatMap((verdict) => {
      const { id, kills, lost, doubled, paid, seconds, status, texts } = verdict;
      const line = `${row(id, [kills, lost, doubled, paid, seconds.toFixed(1)])}  ${words[status]}`;
      return [line, ...texts.flatMap((text) => wrapped(text))];
    }),
  ].join('\n');

export const toSummary = (verdicts: readonly Verdict[]): string => {
  const count = (status: Verdict['status']) => verdicts.filter((one) => one.status === status).length;
  const others = (['known gap', 'not here'] as const).filter((status) => count(status) > 0);
  return [
    `${count('passed')} passed`,
    `${count('failed')} failed`,
    ...others.map((status) => `${count(status)} ${status}`),
  ].join(', ');
};

export const toProgress = (verdict: Verdict, place: string): string =>
  `${place.padStart(9)}  ${verdict.id.padEnd(15)} ${words[verdict.status].padEnd(9)}${verdict.title}`.slice(
    0,
    80,
  );

const wrapped = (text: string): string[] => (text.match(/.{1,74}/g) ?? []).map((part) => `      ${part}`);
