// What the policy's commands said of the change, for people: a change can fake its own tests, so nothing follows from it but a draft.
import type { Check, RunReport } from '#core/task.ts';
import { fenced, oneLine } from '#core/text.ts';
import { toDuration } from './duration.ts';

/** More would not fit beside the rest of a pull request. */
const maxTails = 2;
const maxNameLength = 100;

/** One line for each command. */
export const toChecks = ({ checks = [] }: Partial<RunReport> = {}): string[] =>
  checks.length === 0 ? [] : [checks.map((check) => toLine(check)).join('\n')];

const toLine = (check: Check): string => {
  const took = `(${toDuration(check.durationMs)})`;
  switch (check.status) {
    case 'passed':
      return `- ✓ ${nameOf(check)} ${took}`;
    case 'failed':
      return `- ✗ ${nameOf(check)} failed ${took}`;
    case 'timed_out':
      return `- ✗ ${nameOf(check)} ran out of time ${took}`;
    case 'not_run':
      return `- – ${nameOf(check)} was not run: the work was interrupted`;
  }
};

const nameOf = ({ command }: Check) => `\`${oneLine(command, maxNameLength)}\``;

/** The last lines of those that did not pass. */
export const toTails = ({ checks = [] }: RunReport): string[] =>
  checks
    .filter((check) => check.tail !== '')
    .slice(0, maxTails)
    .map(
      (check) =>
        `<details><summary>The last lines of ${oneLine(check.command, maxNameLength)}</summary>\n\n${fenced(check.tail)}\n\n</details>`,
    );

export const hasFailed = ({ checks = [] }: RunReport): boolean =>
  checks.some(({ status }) => status === 'failed' || status === 'timed_out');
