// The facts of a case, from everything that could have seen it.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { markerPrefix } from '#core/platforms/github/marker.ts';
import type { HookDelivery } from '#local/github/hooks.ts';
import { answerFacts, forgeryFacts } from './door-facts.ts';
import { agentProcesses, foldersOf, readIfThere } from '#test/support/leftovers.ts';
import type { Evidence, TaskFacts } from './evidence.ts';
import { secretsOf } from './secrets.ts';
import type { Trial } from './trial.ts';
import { countInLanes } from './trial.ts';

/** How the case is to end: per task in the order of their coming. */
export type Expected = {
  tasks: readonly string[];
  /** Rounds of waiting and CLI runs beside those that the blows explain. */
  moreRounds?: number;
  moreRuns?: number;
  /** A violation that is known and written down in docs/reliability.md. */
  gap?: RegExp;
};

const budgetUsd = 5;
/** The stand-in's model answers with a few words. */
const turnUsd = 0.1;

export const gather = async (trial: Trial, expected: Expected): Promise<Evidence> => {
  const tasks = await taskFacts(trial, expected.tasks);
  const ids = tasks.map(({ id }) => id);
  const seen = trial.house.line.seen().slice(trial.from.seen);
  const claims = seen.filter(
    (one) => isOf(ids, one.task) && one.call === 'tasks.claim' && one.answer === 'claimed',
  );
  const ends = seen.filter(
    (one) => isOf(ids, one.task) && one.call.startsWith('tasks.finish ') && one.answer === 'true',
  );
  const { blows, state } = trial;
  const asked = askedOf(trial);
  return {
    ...(await webhookFacts(trial, asked)),
    answers: answerFacts(trial, asked),
    forgeries: asked[0] ? await forgeryFacts(trial, asked[0]) : [],
    tasks,
    ...githubFacts(trial),
    claims: claims.map(toTask),
    ends: ends.map(toTask),
    runs: { isInterrupted: blows.length > 0, ...runFacts(trial, expected) },
    money: await moneyFacts(trial, ids),
    leftovers: await leftoverFacts(trial),
    sinks: await sinkFacts(trial, ids),
    secrets: secretsOf(trial.house),
    messages: await countInLanes(trial.house),
    rounds: { count: state.rounds, allowed: blows.length + (expected.moreRounds ?? 0) },
  };
};

const isOf = (ids: readonly string[], id: string | null) => id !== null && ids.includes(id);
const toTask = ({ task }: { task: string | null }) => ({ taskId: task ?? '' });

const timeSchema = z
  .date()
  .nullable()
  .transform((time) => time?.getTime() ?? null);

const rowSchema = z.object({
  id: z.string(),
  number: z.int(),
  seq: z.coerce.number(),
  status: z.string(),
  command: z.string(),
  url: z.string().nullable(),
  startedAt: timeSchema,
  finishedAt: timeSchema,
});

const taskFacts = async ({ house, threads }: Trial, expected: readonly string[]): Promise<TaskFacts[]> => {
  const rows = await house.query(
    `select id, (thread->>'number')::int as number, seq, status, request->>'command' as command,
            outcome->'result'->>'url' as url, finished_at as "finishedAt",
            (select min(started_at) from runs where task_id = tasks.id) as "startedAt"
     from tasks where thread->>'repository' = $1 and (thread->>'number')::int = any($2) order by seq`,
    [house.demo.repository, threads],
  );
  const found = z.array(rowSchema).parse(rows);
  const count = Math.max(found.length, expected.length);
  return Array.from({ length: count }, (_, index) => ({
    ...(found[index] ?? notThere(index)),
    expected: expected[index] ?? 'nothing: it is one too many',
  }));
};

const notThere = (index: number): z.infer<typeof rowSchema> => ({
  id: `missing ${index}`,
  number: 0,
  seq: 0,
  status: 'missing',
  command: '',
  url: null,
  startedAt: null,
  finishedAt: null,
});

const payloadSchema = z.object({
  action: z.string(),
  issue: z.object({ number: z.int() }),
  sender: z.object({ type: z.string() }),
});

/** The webhooks of people on the case's threads. */
const askedOf = ({ house, threads }: Trial): HookDelivery[] =>
  house.github.deliveries().filter(({ event, request }) => {
    const { data } = event === 'issue_comment' ? payloadSchema.safeParse(JSON.parse(request.body)) : {};
    return data && data.sender.type === 'User' && threads.includes(data.issue.number);
  });

const webhookFacts = async (
  { house }: Trial,
  asked: readonly HookDelivery[],
): Promise<Pick<Evidence, 'webhooks' | 'results'>> => {
  const webhooks = [...Map.groupBy(asked, ({ guid }) => guid)].map(([guid, attempts]) => ({
    guid,
    isAccepted: attempts.some(({ statusCode }) => statusCode === 202),
  }));
  const rows = await house.query(
    'select id as guid, task_id as "taskId", refusal from deliveries where id = any($1)',
    [webhooks.map(({ guid }) => guid)],
  );
  return { webhooks, results: rows as Evidence['results'] }; // the columns above
};

const markPattern = new RegExp(`${markerPrefix}task=([0-9a-f-]{36}) `);

type GithubFacts = Pick<Evidence, 'comments' | 'pulls' | 'reviews' | 'pushes'>;

const githubFacts = ({ house, threads, from }: Trial): GithubFacts => {
  const { issues } = house.github.repository(house.demo.repository);
  const comments = threads.flatMap((number) =>
    (issues.get(number)?.comments ?? [])
      .filter(({ user }) => user.type === 'Bot')
      .map(({ body }) => ({ taskId: markPattern.exec(body)?.[1] ?? null, number, body })),
  );
  const pulls = [...issues.values()].flatMap(({ number, pull }) =>
    pull ? [{ taskId: pull.headBranch.replace('agent/', ''), number }] : [],
  );
  const reviews = threads.flatMap((number) =>
    (issues.get(number)?.pull?.reviews ?? [])
      .filter(({ user }) => user.type === 'Bot')
      .map(({ body }) => ({ taskId: markPattern.exec(body)?.[1] ?? null })),
  );
  const updates = house.journal
    .entries()
    .slice(from.journal)
    .flatMap(({ detail }) => detail['updates'] ?? []);
  const pushes = z
    .array(z.object({ ref: z.string() }))
    .parse(updates)
    .map(({ ref }) => ({ taskId: ref.replace('refs/heads/agent/', '') }));
  return { comments, pulls, reviews, pushes };
};

/** One run, and one more for each blow that came before its end was stored. */
const runFacts = ({ house, id, blows, threads }: Trial, { tasks, moreRuns = 0 }: Expected) => ({
  count: house.cli.runsOf(id).length,
  allowed: Math.max(tasks.length, threads.length) + blows.filter(({ isPaid }) => !isPaid).length + moreRuns,
});

const moneyFacts = async ({ house }: Trial, ids: readonly string[]) => {
  const [row] = await house.query(
    `select coalesce(max(usd), 0)::float as usd, coalesce(sum(open), 0)::int as open from (
       select sum(usd) as usd, count(*) filter (where state = 'reserved') as open
       from spend where task_id = any($1::uuid[]) group by task_id) as per_task`,
    [ids.filter((id) => !id.startsWith('missing'))],
  );
  const { usd, open } = z.object({ usd: z.number(), open: z.int() }).parse(row);
  return { usd, open, capUsd: budgetUsd + turnUsd };
};

const leftoverFacts = async ({ house }: Trial): Promise<Evidence['leftovers']> => {
  const leased = await house.query('select id from tasks where lease_owner is not null');
  return {
    processes: agentProcesses(house.place),
    folders: foldersOf(house.place),
    leases: leased.map(({ id }) => String(id)),
    tokens: house.tokens.leftover().length,
  };
};

/** Everything that was written down since the case began. */
const sinkFacts = async ({ house, id, from, threads }: Trial, ids: readonly string[]) => {
  const { issues } = house.github.repository(house.demo.repository);
  const { notes } = house.cli;
  const given = readdirSync(notes).filter((name) => name.startsWith(`${id}.`));
  const rows = await house.query(
    `select to_jsonb(tasks) as task, (select jsonb_agg(to_jsonb(runs)) from runs where task_id = tasks.id) as runs,
            (select jsonb_agg(to_jsonb(deliveries)) from deliveries where task_id = tasks.id) as deliveries,
            (select jsonb_agg(to_jsonb(sessions)) from sessions where sessions.thread_key = tasks.thread_key) as sessions
     from tasks where id::text = any($1)`,
    [ids],
  );
  const workers = await house.query('select * from workers');
  return [
    { name: 'the logs', text: house.logs.slice(from.logs).join('\n') },
    { name: 'the queues and calls', text: JSON.stringify(house.journal.entries().slice(from.journal)) },
    { name: 'Postgres', text: JSON.stringify([rows, workers]) },
    {
      name: 'the threads',
      text: JSON.stringify(
        [...issues.values()].filter(({ number, pull }) => pull ?? threads.includes(number)),
      ),
    },
    { name: 'the bucket', text: bucketSince(join(house.stateDir, 's3', house.surroundings.bucket), from.at) },
    {
      name: "the agent's arguments and environment",
      text: given.map((name) => readIfThere(join(notes, name))).join('\n'),
    },
  ];
};

const bucketSince = (folder: string, since: number): string =>
  (existsSync(folder) ? readdirSync(folder) : [])
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).mtimeMs >= since - 1_000)
    .map((path) => z.object({ base64: z.string() }).parse(JSON.parse(readFileSync(path, 'utf8'))).base64)
    .map((base64) => Buffer.from(base64, 'base64').toString('latin1'))
    .join('\n');
