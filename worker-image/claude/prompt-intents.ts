// How the agent says what it would like to be done beside its change; told only where something of it can be done.
import { intentLimits } from '#core/intents.ts';
import type { Command } from '#core/task.ts';
import { inline } from './prompt-material.ts';

type Possible = {
  command: Command;
  /** The request is about an open pull request, whose diff is known. */
  hasPull: boolean;
  /** That the policy lets it put on the thread. */
  labels: readonly string[];
};

/** Nothing where there is nothing to ask for. */
export const toIntentRules = ({ command, hasPull, labels }: Possible): string[] => {
  if (!hasPull && labels.length === 0) return [];
  const example = {
    ...(hasPull && { review: { comments: [exampleComment] } }),
    ...(labels.length > 0 && { labels: [] }),
  };
  return [
    '',
    `${hasPull && command === 'review' ? 'End your answer with one block like this' : 'Where it helps, end your answer with one block like this'}; it is taken out of the answer and carried out for you:`,
    '```agent-bot',
    JSON.stringify(example),
    '```',
    ...(hasPull ? [aboutReview] : []),
    ...(labels.length > 0 ? [`${aboutLabels} ${JSON.stringify(labels.map(inline))}`] : []),
  ];
};

const exampleComment = { path: 'src/file.js', startLine: 10, line: 12, body: 'What is wrong here, and why.' };
const { maxComments, maxCommentBytes, maxLabels } = intentLimits;
const aboutReview = `review: comments on lines of this pull request, at most ${maxComments} of ${maxCommentBytes / 1024} KiB each. line is the last line that is meant, as the file here counts them; startLine the first, left out for a single line; "side":"LEFT" is for a line that the pull request takes away. Only lines that its diff shows can be commented. Say nothing twice: what stands in a comment need not stand in the answer.`;
const aboutLabels = `labels: put on this page, at most ${maxLabels} of these names, which are data:`;
