import type { Ledger } from '#core/ledger.ts';
import type { ShownTask } from '#core/operations.ts';
import type { Outcome } from '#core/task.ts';
import type { Answer } from './answer.ts';
import { toUnclear } from './answer.ts';
import type { Paint } from './words.ts';
import { columns, count, cut, field, plain, shortId, toTime } from './words.ts';

export const showTask = async (ledger: Ledger, ref: string, paint: Paint): Promise<Answer> => {
  const data = await ledger('tasks.show', { ref });
  if (data.kind !== 'found') return toUnclear(data, 'task', ref);
  return { code: 0, data: data.task, text: toText(data.task, paint) };
};

const toText = (task: ShownTask, paint: Paint): string => {
  const parts = [
    [paint('bold', `Task ${task.id}`), ...stateOf(task)],
    section('Request', requestOf(task), paint),
    section('Made', madeOf(task), paint),
    section('Runs', runsOf(task), paint),
    section('Deliveries', deliveriesOf(task), paint),
    section('Put aside', lettersOf(task), paint),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
};

const section = (title: string, lines: string[], paint: Paint): string[] =>
  lines.length === 0 ? [] : [paint('bold', title), ...lines];

const stateOf = (task: ShownTask): string[] => [
  field('status', statusOf(task)),
  ...(task.outcome ? [field('ended', toEnd(task.outcome))] : []),
  ...(task.stopBy === null ? [] : [field('to be stopped', `asked by ${task.stopBy}`)]),
  field('step', `${task.step}, attempt ${task.attempt}, fence ${task.fence}, generation ${task.generation}`),
  field('lane', task.lane),
  field('asked', toTime(task.createdAt)),
  ...(task.finishedAt === null ? [] : [field('finished', toTime(task.finishedAt))]),
];

const statusOf = ({ status, waitingReason, waitUntil, leaseUntil }: ShownTask): string => {
  if (waitingReason !== null)
    return `waiting: ${waitingReason}${waitUntil === null ? '' : `, until ${toTime(waitUntil)}`}`;
  return leaseUntil === null ? status : `${status}, lease until ${toTime(leaseUntil)}`;
};

const toEnd = (outcome: Outcome): string => {
  switch (outcome.status) {
    case 'succeeded':
      return outcome.result.kind === 'pull_request'
        ? `succeeded: pull request ${outcome.result.number}`
        : 'succeeded: an answer';
    case 'failed':
      return [
        `failed: ${outcome.reason}`,
        outcome.detail,
        outcome.draft ? `draft pull request ${outcome.draft.number}` : '',
      ]
        .filter((part) => part.trim() !== '')
        .join(', ');
    case 'cancelled':
      return `cancelled by ${outcome.by}`;
    case 'timed_out':
      return `timed out after ${Math.round(outcome.afterMs / 60_000)} min`;
    case 'expired':
      return 'expired: nobody answered in time';
    case 'dead':
      return `dead: ${outcome.reason}`;
  }
};

const requestOf = ({ thread, trigger, request }: ShownTask): string[] => [
  field('thread', `${thread.repository}#${thread.number}`),
  field('by', trigger.author.login),
  field('what', cut(plain(`${request.command}: ${request.text}`), 2 * columns)),
  field('where', trigger.url),
];

const madeOf = ({ facts, spentUsd, reservedUsd }: ShownTask): string[] => {
  const facets: [label: string, value: string | undefined][] = [
    ['comment', facts.commentId],
    ['base', facts.baseBranch && `${facts.baseBranch} at ${facts.baseSha?.slice(0, 12) ?? 'unknown'}`],
    ['branch', facts.branch],
    ['commit', facts.commitSha],
    ['pull request', facts.pullRequest?.url],
    ['spent', toUsd(spentUsd)],
    ['reserved', reservedUsd > 0 ? toUsd(reservedUsd) : undefined],
  ];
  return facets.flatMap(([label, value]) => (value === undefined ? [] : [field(label, value)]));
};

const toUsd = (usd: number): string => `$${usd.toFixed(4)}`;

const runsOf = ({ runs }: ShownTask): string[] =>
  runs.map(({ fence, status, costUsd, turns, startedAt }) =>
    field(
      `fence ${fence}`,
      [
        status,
        ...(costUsd === null ? [] : [toUsd(costUsd)]),
        ...(turns === null ? [] : [count(turns, 'turn')]),
        toTime(startedAt),
      ].join(', '),
    ),
  );

const deliveriesOf = ({ deliveries }: ShownTask): string[] =>
  deliveries.map(({ id, receivedAt }) => field(toTime(receivedAt).slice(5, 16), id));

const lettersOf = ({ deadLetters }: ShownTask): string[] =>
  deadLetters.map(({ id, state, reason, recordedAt }) =>
    field(shortId(id), `${state}: ${reason}, ${toTime(recordedAt)}`),
  );
