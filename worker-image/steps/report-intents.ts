// What people read of the agent's intents: the review's words, and in our comment what came of them.
import { cutText } from '#core/cut-text.ts';
import type { Intents, ReviewComment } from '#core/intents.ts';
import type { JobFacts } from '#core/job.ts';
import type { Task } from '#core/task.ts';
import { harmless, oneLine } from '#core/text.ts';

/** In our comment, beside the answer. */
const maxListBytes = 20_000;
const maxPathLength = 200;

/** Of the review: what has no line in the diff to stand at is not lost. */
export const toReviewBody = (
  { trigger }: Pick<Task, 'trigger'>,
  elsewhere: readonly ReviewComment[],
): string =>
  [
    `Asked for in ${trigger.url}`,
    ...(elsewhere.length > 0 ? [elsewherePreface, toList(elsewhere)] : []),
  ].join('\n\n');

const elsewherePreface = 'About lines that the diff of this pull request does not show:';

const toList = (comments: readonly ReviewComment[]): string =>
  comments
    .map(({ path, line, startLine, body }) => {
      const lines = startLine !== undefined && startLine < line ? `${startLine}-${line}` : line;
      return `\`${oneLine(path, maxPathLength)}:${lines}\` — ${harmless(body)}`;
    })
    .join('\n\n');

/** In our comment, at the end. */
export const toIntents = ({ report, carriedOut }: JobFacts): string[] => {
  const { intents, intentProblems = [] } = report ?? {};
  const problems = [...intentProblems, ...(carriedOut ? carriedOut.problems : undone(intents))];
  const isListed = intents?.review && carriedOut && !carriedOut.review;
  return [
    ...(carriedOut?.review ? [`💬 Review: ${carriedOut.review.url}`] : []),
    ...(isListed ? [cutText(toList(intents.review?.comments ?? []), maxListBytes, '\n\n[cut]')] : []),
    ...(carriedOut && carriedOut.labels.length > 0
      ? [`🏷️ ${carriedOut.labels.map(inTicks).join(' · ')}`]
      : []),
    ...(problems.length > 0
      ? [`⚠️ Left out: ${problems.map((problem) => harmless(problem)).join(' · ')}`]
      : []),
  ];
};

/** It was stopped first, or failed. */
const undone = (intents: Intents | undefined): string[] => [
  ...(intents?.review ? ['the review'] : []),
  ...(intents?.labels ? ['the labels'] : []),
];

const inTicks = (name: string) => `\`${oneLine(name, maxPathLength)}\``;
