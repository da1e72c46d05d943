import type { Command } from './task.ts';

/** Every word that a person may use for a command. */
const words: { [C in Command]: readonly string[] } = {
  analyze: ['analysis', 'analyze-issue', 'analyze-ticket'],
  plan: ['plan-fix', 'create-plan'],
  fix: ['implement', 'execute', 'do', 'run'],
  review: ['code-review', 'review-pr'],
  approve: ['lgtm', 'approved', 'ship-it', 'yes'],
  reject: ['changes-requested', 'request-changes', 'revise', 'no'],
  stop: ['cancel'],
  improve: ['enhance', 'refactor', 'optimize'],
  discover: ['explore', 'find-code', 'code-insights'],
  status: ['check', 'task-status'],
  help: ['commands', 'what-can-you-do'],
  retry: [],
  why: [],
  'run-ci': [],
  ask: [],
};

const byWord = new Map<string, Command>(
  // the keys of a mapped type over Command are commands; Object.entries says string
  (Object.entries(words) as [Command, readonly string[]][]).flatMap(([command, aliases]) =>
    [command, ...aliases].map((word) => [word, command] as const),
  ),
);

/** The command that a word means, in whatever case it was written. */
export const commandOf = (word: string): Command | undefined => byWord.get(word.toLowerCase());
