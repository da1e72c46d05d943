// The verdicts for a reader, 80 columns wide.
import type { Verdict } from './run-scenario.ts';

export const toProgress = ({ id, says, violations }: Verdict, place: string): string =>
  `${place.padStart(9)}  ${id.padEnd(22)} ${violations.length === 0 ? 'nothing' : 'HARM   '}  ${says}`.slice(
    0,
    80,
  );

/** What is wrong, under the scenario that showed it; nothing when all came to nothing. */
export const toTable = (verdicts: readonly Verdict[]): string =>
  verdicts
    .filter(({ violations }) => violations.length > 0)
    .map(({ id, rows, says, violations }) =>
      [`${id} (${rows.join(', ')}): ${says}`, violations.flatMap(wrapped)].flat().join('\n'),
    )
    .join('\n');

const wrapped = (text: string): string[] => (text.match(/.{1,76}/g) ?? []).map((part) => `    ${part}`);

export const toSummary = (verdicts: readonly Verdict[]): string => {
  const harmful = verdicts.filter(({ violations }) => violations.length > 0).length;
  return `${verdicts.length - harmful} passed, ${harmful} failed`;
};
