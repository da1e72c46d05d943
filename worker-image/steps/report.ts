// What people read: our comment on the thread, the pull request, the commit. Pure: the same job gives the same words.
import { ciMark } from '#core/ci-mark.ts';
import type { JobFacts } from '#core/job.ts';
import type { FailureReason, Outcome, RunReport, Task } from '#core/task.ts';
import { fenced, harmless, harmlessWithin, oneLine } from '#core/text.ts';
import type { Wait } from './decide.ts';
import { toDuration } from './duration.ts';
import { toChecks, toTails } from './report-checks.ts';
import { toIntents } from './report-intents.ts';

export type Phase = 'reading' | 'working';
export type PullRequestText = { title: string; body: string };

const maxQuoteBytes = 20_000;
const maxAnswerBytes = 30_000;
const maxTitleLength = 70;

/** The comment while the work goes on. */
export const toProgress = (phase: Phase, { baseBranch, baseSha }: JobFacts = {}): string => {
  const at = phases.indexOf(phase);
  const base = baseBranch && baseSha ? ` (\`${baseBranch}\` at \`${baseSha.slice(0, 7)}\`)` : '';
  const texts = [`read the repository${base}`, 'do the work', 'publish the result'];
  return [
    '⏳ Working on it.',
    '',
    ...texts.map((text, index) => `- [${index < at ? 'x' : ' '}] ${text}`),
  ].join('\n');
};

const phases = ['reading', 'working'] as const satisfies readonly Phase[];

/** The comment while the task steps aside. */
export const toWaiting = ({ detail, afterMs }: Wait): string => {
  const when = afterMs === undefined ? 'once an operator lets me' : `by myself in ${toDuration(afterMs)}`;
  return [`⏸️ I wait, and go on ${when}.`, ...(detail === '' ? [] : [fenced(detail, maxQuoteBytes)])].join(
    '\n\n',
  );
};

/** The comment at the end: what came of it, what it cost, and after a failure what to do. */
export const toComment = (task: Task, outcome: Outcome, facts: JobFacts = {}): string => {
  const { report, isCiHeld } = facts;
  const isOpened =
    (outcome.status === 'succeeded' && outcome.result.kind === 'pull_request') ||
    (outcome.status === 'failed' && outcome.draft !== undefined);
  const parts = [
    ...endOf(outcome),
    ...(isOpened ? toChecks(report) : []),
    ...(isOpened && isCiHeld ? [ciHeld] : []),
    ...toIntents(facts),
    ...problemsOf(task),
    ...setupOf(report),
    ...(report ? [toCost(report)] : []),
  ];
  return parts.join('\n\n');
};

const squashNote =
  'A squash brings the mark that holds it back into the message of the merge: take it out there.';
const ciHeld =
  '⏸️ The CI has not started. Look at the change; then somebody who may write here mentions me with `run ci`.';

const endOf = (outcome: Outcome): string[] => {
  switch (outcome.status) {
    case 'succeeded': {
      const { result, summary } = outcome;
      const link = result.kind === 'pull_request' ? [`✅ Pull request: ${result.url}`] : [];
      return [...link, toAnswer(summary)].filter((part) => part !== '');
    }
    case 'failed': {
      if (outcome.draft) return toDraft(outcome.draft);
      const { what, todo } = failures[outcome.reason];
      const detail = outcome.detail.trim() === '' ? [] : [fenced(outcome.detail, maxQuoteBytes)];
      return [`❌ ${what}`, ...detail, todo];
    }
    case 'cancelled':
      return [`⏹️ Stopped by ${harmless(outcome.by)}.`];
    case 'timed_out':
      return [
        `❌ I ran out of time after ${toDuration(outcome.afterMs)}.`,
        'Ask for a smaller part of the work.',
      ];
    case 'expired':
      return ['⌛ Nobody answered in time, so nothing was done.'];
    case 'dead':
      return ['❌ This request was put aside after too many tries.', 'An operator can bring it back.'];
  }
};

type Draft = NonNullable<Extract<Outcome, { status: 'failed' }>['draft']>;

const toDraft = ({ url, branch, summary }: Draft): string[] => [
  `❌ The budget was used up before the work was done. What I had done by then is a draft: ${url}`,
  ...(summary === '' ? [] : [`My last words were:\n\n${toAnswer(summary)}`]),
  `To go on from there, mention me again with \`--base ${branch}\`: that is a request with a budget of its own, and \`--budget\` says how much. Or finish it by hand.`,
];

/** Why, and what a person can do about it. */
const failures: { [R in FailureReason]: { what: string; todo: string } } = {
  nothing_done: {
    what: 'The agent changed nothing and said nothing.',
    todo: 'Say in more detail what is to be done, and mention me again.',
  },
  agent_error: {
    what: 'The agent did not come to an end that I can use. Nothing was changed.',
    todo: 'Mention me again to try once more; a smaller request often helps.',
  },
  model_error: {
    what: 'The model did not answer as it should. Nothing was changed.',
    todo: 'Mention me again in a few minutes. If this stays, an operator should look at the model key and its limits.',
  },
  over_budget: {
    what: 'The budget was used up before the work was done. Nothing was changed.',
    todo: 'Ask for a smaller part, or allow more with `--budget`.',
  },
  patch_refused: {
    what: 'There is a change, but I may not publish it.',
    todo: 'Mention me again with a request that leaves this out, or make this part of the change yourself.',
  },
  bad_base: {
    what: 'I could not start from the repository or branch.',
    todo: 'Name a branch that exists with `--base`, or leave it out to start from the default branch.',
  },
  bad_model: {
    what: 'I may not use the model that you named.',
    todo: 'Name one of these with `--model`, or leave it out.',
  },
  thread_gone: {
    what: 'The issue or pull request is gone.',
    todo: 'Mention me again where it is now.',
  },
  bad_policy: {
    what: 'I do not understand `.agent-bot.yml` on the branch that I start from, so I did nothing.',
    todo: 'Somebody who may write there corrects these lines (docs/policy.md says what each key takes); then mention me again.',
  },
  ci_not_released: {
    what: 'I could not start the CI.',
    todo: 'Look at the branch, and mention me with `run ci` once more where that helps.',
  },
  uninstalled: {
    what: 'I am not let into this repository any more.',
    todo: 'Install the App for this repository, and mention me again.',
  },
  out_of_memory: {
    what: 'The agent used up the memory of its machine, twice. Nothing was changed.',
    todo: 'Ask for a smaller part, or for a change that does not need to build everything.',
  },
  disk_full: {
    what: 'The agent filled the disk of its machine. Nothing was changed.',
    todo: 'Ask for a smaller part of the work.',
  },
  internal: {
    what: 'Something went wrong on my side.',
    todo: 'Mention me again to try once more. If it stays, an operator should look at the logs.',
  },
};

const problemsOf = ({ request }: Task): string[] =>
  request.problems?.length ? [`⚠️ ${request.problems.map((problem) => harmless(problem)).join(' · ')}`] : [];

/** The agent worked without what the setup should have brought: its tests may have said little. */
const setupOf = (report: RunReport | undefined): string[] => {
  if (!report?.setupFailure) return [];
  const { command, what, output } = report.setupFailure;
  const said = output === '' ? '' : `\n\n${fenced(output, maxQuoteBytes)}`;
  return [`⚠️ A setup command of \`.agent-bot.yml\` failed: ${harmless(what)}.\n\n${fenced(command)}${said}`];
};

/** `💰 $0.4213 · 12 turns · 3m 20s` */
export const toCost = ({ usage, turns, durationMs }: RunReport): string =>
  `💰 $${usage.costUsd.toFixed(4)} · ${turns} ${turns === 1 ? 'turn' : 'turns'} · ${toDuration(durationMs)}`;

const toAnswer = (answer: string) => harmlessWithin(answer.trim(), maxAnswerBytes);

/** The pull request's words. What the person wrote stands there as a quote, what the agent wrote orders nobody. */
export const toPullRequest = (
  task: Task,
  report: RunReport,
  { isCiHeld }: Pick<JobFacts, 'isCiHeld'> = {},
): PullRequestText => ({
  title: toTitle(task, report),
  body: [
    ...(report.unfinished ? [unfinishedNote] : []),
    toAnswer(report.answer) || 'The agent said nothing about this change.',
    ...toChecks(report),
    ...toTails(report),
    ...(isCiHeld ? [`${ciHeld} ${squashNote}`] : []),
    `<details><summary>The request</summary>\n\n${fenced(task.trigger.text, maxQuoteBytes)}\n\n</details>`,
    ...setupOf(report),
    `Asked for in ${task.trigger.url}`,
    toCost(report),
  ].join('\n\n'),
});

const unfinishedNote = '⚠️ The budget was used up in the middle of the work: this is only a part of it.';

const toTitle = ({ request, thread }: Task, { answer, unfinished }: RunReport): string =>
  oneLine(unfinished ? '' : answer, maxTitleLength) ||
  oneLine(request.text, maxTitleLength) ||
  `Change for ${thread.isPullRequest ? 'pull request' : 'issue'} ${thread.number}`;

/** The commit's message, with the mark where the CI is to stay away; its trailer names the task. https://git-scm.com/docs/git-interpret-trailers */
export const toCommitMessage = (
  task: Task,
  report: RunReport,
  { isCiHeld }: Pick<JobFacts, 'isCiHeld'> = {},
): string =>
  [
    toTitle(task, report),
    `Asked for in ${task.trigger.url}`,
    ...(isCiHeld ? [ciMark] : []),
    `Agent-Task: ${task.id}\n`,
  ].join('\n\n');

/** The message of the empty commit that lets the CI run. */
export const toReleaseMessage = ({ id, trigger }: Task): string =>
  `Run the CI\n\nAsked for by ${harmless(trigger.author.login)} in ${trigger.url}\n\nAgent-Task: ${id}\n`;
