// What the agent is told: the rules of the house, and the task with the person's words as a quotation.
import { readFileSync } from 'node:fs';
import type { Request, Thread } from '#core/task.ts';

type PromptInput = {
  thread: Pick<Thread, 'repository' | 'number' | 'isPullRequest'>;
  request: Pick<Request, 'command' | 'text'>;
  /** Who asks, by login. */
  author: string;
  baseBranch: string;
  /** An earlier run was interrupted, and what it did lies in the files; of what it said nothing is known. */
  isUnfinished?: boolean;
};

/** Beside this file; the image's build copies it next to the bundle. */
export const systemPrompt = (): string =>
  readFileSync(new URL('./system-prompt.md', import.meta.url), 'utf8').trim();

/**
 * The CLI takes a prompt that begins with `-` for a flag and with `/` for a command: the first line is always the same. The
 * request stands in a fence that nothing in it can close.
 */
export const toPrompt = ({ thread, request, author, baseBranch, isUnfinished }: PromptInput): string => {
  const where = `${thread.isPullRequest ? 'pull request' : 'issue'} ${thread.repository}#${thread.number}`;
  const fence = fenceFor(request.text);
  return [
    'Task:',
    `${author} asks in ${where} (branch ${baseBranch} is checked out).`,
    tasks[request.command],
    request.text.trim() === '' ? 'Nothing more was written.' : 'Their words, quoted:',
    ...(request.text.trim() === '' ? [] : [`${fence}text`, request.text, fence]),
    ...(isUnfinished ? [begun] : []),
    '',
  ].join('\n');
};

/** Instead of the task, in a session that knows it: the run before was interrupted. */
export const goOnPrompt = `Task:
The work on your task was interrupted from outside and goes on now, on another machine.
Your changes to files are here as you left them, uncommitted. What git ignores, what lies outside the repository and every process that you had started is gone.
Do not begin anew: see how far you are, do what is left, and end with the summary.
`;

const begun =
  'This work was begun before and interrupted. What was changed until then lies in the files, uncommitted: look at it first, and go on from it.';

const tell = 'Change nothing; answer.';

/** What the command word asks for. Words that are no work for an agent never get here as a run; they ask to be read. */
const tasks: { [C in Request['command']]: string } = {
  fix: 'Command: fix. Change the code so that it does what is asked.',
  improve: 'Command: improve. Make the code better in the way that is asked; its behaviour stays.',
  analyze: `Command: analyze. Find out what is behind this and say what you found, with places in the code. ${tell}`,
  plan: `Command: plan. Write the plan of the change: files, steps, risks, tests. ${tell}`,
  review: `Command: review. Review the code that is meant: faults first, with places. ${tell}`,
  discover: `Command: discover. Find the code that is meant and explain it, with places. ${tell}`,
  ask: 'No command. Do what the words ask for: answer a question without changing anything, change code where a change is asked for.',
  approve: `Command: approve. ${tell}`,
  reject: `Command: reject. ${tell}`,
  stop: `Command: stop. ${tell}`,
  status: `Command: status. ${tell}`,
  help: `Command: help. ${tell}`,
  retry: 'Command: retry. Do again what was asked for.',
  'run-ci': `Command: run ci. ${tell}`,
  why: `Command: why. Explain what was done and why. ${tell}`,
};

const fenceFor = (text: string): string => {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  return '`'.repeat(longest + 1);
};
