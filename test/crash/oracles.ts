// The oracles I1-I9: after every case each says what is wrong, or nothing.
import { findSecrets } from './canaries.ts';
import type { Evidence, TaskFacts } from './evidence.ts';

export type Violation = { oracle: OracleName; text: string };
type Oracle = (evidence: Evidence) => string[];

const isFinal = ({ status }: TaskFacts) => ['succeeded', 'failed', 'cancelled', 'timed_out'].includes(status);

/** Every delivery that was answered 2xx has one task that ended, or a refusal with its reason. */
const nothingLost: Oracle = ({ webhooks, results, tasks }) =>
  webhooks
    .filter(({ isAccepted }) => isAccepted)
    .flatMap(({ guid }) => {
      const result = results.find((one) => one.guid === guid);
      if (!result) return [`delivery ${guid} was accepted and nothing is known of it`];
      if (result.refusal !== null) return [];
      const task = tasks.find(({ id }) => id === result.taskId);
      if (!task) return [`delivery ${guid} has a task that is not there`];
      return isFinal(task) ? [] : [`task ${task.id} is ${task.status}`];
    });

const asExpected: Oracle = ({ tasks }) =>
  tasks
    .filter(({ status, expected }) => status !== expected)
    .map(({ id, status, expected }) => `task ${id} ended as ${status}, not as ${expected}`);

/** At most one branch, pull request, review, comment and end per task; and the comment tells how it ended. */
const nothingTwice: Oracle = ({ tasks, comments, pulls, reviews, pushes, ends }) => [
  ...tasks.flatMap(({ id, url }) => {
    const of = (things: { taskId: string | null }[]) => things.filter(({ taskId }) => taskId === id).length;
    const told = comments.find(({ taskId }) => taskId === id);
    return [
      ...Object.entries({ comments, pulls, reviews, pushes, ends })
        .filter(([, things]) => of(things) > 1)
        .map(([name, things]) => `task ${id} has ${of(things)} ${name}`),
      ...(told ? [] : [`task ${id} has no comment`]),
      ...(url !== null && told && !told.body.includes(url)
        ? [`the comment of ${id} does not tell ${url}`]
        : []),
      ...(url !== null && of(pulls) === 0 ? [`task ${id} tells of a pull request that is not there`] : []),
    ];
  }),
  ...comments
    .filter(({ taskId }) => !tasks.some(({ id }) => id === taskId))
    .map(({ number }) => `a comment on ${number} belongs to no task`),
];

/** Within a thread a task begins after the one before it has ended, and no worker goes back to an earlier one. */
const inOrder: Oracle = ({ tasks, claims }) => [
  ...pairsOfThreads(tasks).flatMap(([before, after]) =>
    after.startedAt !== null && (before.finishedAt ?? Infinity) > after.startedAt
      ? [`task ${after.id} began before ${before.id} had ended`]
      : [],
  ),
  ...claims.flatMap(({ taskId }, index) => {
    const claimed = tasks.find(({ id }) => id === taskId);
    const later = claims.slice(0, index).map((one) => tasks.find(({ id }) => id === one.taskId));
    const isBack = later.some(
      (one) => one && claimed && one.number === claimed.number && one.seq > claimed.seq,
    );
    return isBack ? [`task ${taskId} was claimed after a later one of its thread`] : [];
  }),
];

const pairsOfThreads = (tasks: readonly TaskFacts[]) =>
  [...Map.groupBy(tasks, ({ number }) => number).values()].flatMap((ofThread) => {
    const inOrder = ofThread.toSorted((one, other) => one.seq - other.seq);
    return inOrder.flatMap((before, index) =>
      inOrder.slice(index + 1).map((after) => [before, after] as const),
    );
  });

const noCanary: Oracle = ({ sinks, secrets }) =>
  findSecrets(sinks, secrets).map(({ secret, sink, form }) => `${secret} is in ${sink} (${form})`);

/** After a kill the tokens of the one who died may live, for an hour at most; nothing else may. */
const cleanExit: Oracle = ({ leftovers: { processes, folders, leases, tokens } }) => [
  ...processes.map((name) => `a process of the agent still runs: ${name}`),
  ...folders.map((name) => `left behind: ${name}`),
  ...leases.map((id) => `task ${id} is still leased`),
  ...(tokens > 0 ? [`${tokens} tokens live although their holders ended by themselves`] : []),
];

/** Sentry waits no longer. */
const answerWithinMs = 1_000;

const answersSoon: Oracle = ({ answers }) =>
  answers
    .filter(({ ms }) => ms >= answerWithinMs)
    .map(({ guid, ms }) => `the sender of ${guid} waited ${ms} ms for its answer`);

/** Who has not the secret is told so, and nothing of what was sent is kept. */
const failsClosed: Oracle = ({ forgeries }) => [
  ...(forgeries.length === 0 ? ['nobody tried to get in without the secret'] : []),
  ...forgeries.flatMap(({ name, status, messages, rows }) => [
    ...(status === 401 ? [] : [`${name} was answered with ${status}`]),
    ...(messages > 0 ? [`${name} came to ${messages} messages`] : []),
    ...(rows > 0 ? [`${name} came to ${rows} rows`] : []),
  ]),
];

/** A run is paid again only when it was interrupted before its end was stored; the sum stays under the cap and a turn. */
const noMoneyTwice: Oracle = ({ runs, money: { usd, capUsd, open } }) => [
  ...(runs.count > runs.allowed ? [`the CLI ran ${runs.count} times, ${runs.allowed} are explained`] : []),
  ...(usd > capUsd ? [`$${usd} were spent, the cap and a turn are $${capUsd}`] : []),
  ...(open > 0 ? [`${open} reservations are still open`] : []),
];

/** Each blow costs one wait for visibility, lease and heartbeat; in the end nothing is in a queue. */
const noStuckGroup: Oracle = ({ messages, rounds: { count, allowed } }) => [
  ...(count > allowed ? [`it took ${count} rounds of waiting, ${allowed} are explained`] : []),
  ...(messages > 0 ? [`${messages} messages are left in the queues`] : []),
];

export const oracles = {
  'I1 nothing lost': nothingLost,
  'I2 nothing twice': nothingTwice,
  'I3 order': inOrder,
  'I4 no secret': noCanary,
  'I5 clean exit': cleanExit,
  'I6 answered soon': answersSoon,
  'I7 fails closed': failsClosed,
  'I8 money': noMoneyTwice,
  'I9 nothing stuck': noStuckGroup,
  'as expected': asExpected,
} satisfies Record<string, Oracle>;
export type OracleName = keyof typeof oracles;

export const judge = (evidence: Evidence): Violation[] =>
  (Object.entries(oracles) as [OracleName, Oracle][]) // the keys of the constant above
    .flatMap(([oracle, look]) => look(evidence).map((text) => ({ oracle, text })));
