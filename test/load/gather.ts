// The facts of a run, from everything that could have seen it, for the oracles of test/crash.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { markerPrefix } from '#core/platforms/github/marker.ts';
import type { Evidence, TaskFacts } from '#test/crash/evidence.ts';
import type { Row } from './ends.ts';
import type { LoadHouse } from './load-house.ts';
import type { Sent } from './send.ts';
import { messagesIn } from './settle.ts';

type Run = {
  house: LoadHouse;
  sent: readonly Sent[];
  threads: readonly number[];
  kills: number;
  rounds: number;
  leftoverTokens: number;
};

const budgetUsd = 5;
/** The stand-in's model answers with a few words. */
const turnUsd = 0.1;
/** What was in the inbox when Postgres was cut down waits for its next try; then the lanes are emptied. */
const roundsWithoutKills = 2;

export const gather = async (run: Run) => {
  const { house, sent, threads, kills, rounds } = run;
  const tasks = await taskFacts(house, threads);
  const rows = await rowFacts(house, sent);
  const asking = sent.filter(({ planned }) => planned.kind === 'ask' || 'of' in planned);
  const evidence: Evidence = {
    webhooks: asking.map(({ guid, status }) => ({ guid, isAccepted: status === 202 })),
    results: asking.flatMap(({ guid, bodySha256 }) => {
      const row = rows.find((one) => one.guid === guid) ?? rows.find((one) => one.bodySha256 === bodySha256);
      return row ? [{ guid, taskId: row.taskId, refusal: row.refusal }] : [];
    }),
    tasks,
    ...githubFacts(house, threads),
    ...workerFacts(house),
    runs: { isInterrupted: kills > 0, count: house.cli.countRuns(), allowed: tasks.length + kills },
    money: await moneyFacts(house),
    leftovers: await leftoverFacts(run),
    answers: [], // judged with every other request's
    forgeries: [],
    reviews: [], // everything is asked on issues
    sinks: [],
    secrets: [],
    messages: await messagesIn(house),
    rounds: { count: rounds, allowed: kills + roundsWithoutKills },
  };
  return { evidence, rows, tasks };
};

const momentSchema = z
  .date()
  .nullable()
  .transform((moment) => moment?.getTime() ?? null);

const taskSchema = z.object({
  id: z.string(),
  number: z.int(),
  seq: z.coerce.number(),
  status: z.string(),
  command: z.string(),
  url: z.string().nullable(),
  startedAt: momentSchema,
  finishedAt: momentSchema,
  /** Not a column: all that is asked for here can be done. */
  expected: z.string().default('succeeded'),
});

const taskFacts = async ({ query, demo }: LoadHouse, threads: readonly number[]): Promise<TaskFacts[]> => {
  const rows = await query(
    `select id, (thread->>'number')::int as number, seq, status, request->>'command' as command,
            outcome->'result'->>'url' as url, finished_at as "finishedAt",
            (select min(started_at) from runs where task_id = tasks.id) as "startedAt"
     from tasks where thread->>'repository' = $1 and (thread->>'number')::int = any($2) order by seq`,
    [demo.repository, threads],
  );
  return z.array(taskSchema).parse(rows);
};

const rowFacts = async ({ query }: LoadHouse, sent: readonly Sent[]): Promise<Row[]> =>
  (await query(
    `select id as guid, body_sha256 as "bodySha256", task_id as "taskId", refusal from deliveries
     where id = any($1) or body_sha256 = any($2)`,
    [sent.map(({ guid }) => guid), sent.map(({ bodySha256 }) => bodySha256)],
  )) as Row[]; // the columns above

const markPattern = new RegExp(`${markerPrefix}task=([0-9a-f-]{36}) `);

const githubFacts = ({ github, demo, journal }: LoadHouse, threads: readonly number[]) => {
  const { issues } = github.repository(demo.repository);
  const comments = threads.flatMap((number) =>
    (issues.get(number)?.comments ?? [])
      .filter(({ user }) => user.type === 'Bot')
      .map(({ body }) => ({ taskId: markPattern.exec(body)?.[1] ?? null, number, body })),
  );
  const pulls = [...issues.values()].flatMap(({ number, pull }) =>
    pull ? [{ taskId: pull.headBranch.replace('agent/', ''), number }] : [],
  );
  const updates = journal.entries().flatMap(({ detail }) => detail['updates'] ?? []);
  const pushes = z
    .array(z.object({ ref: z.string() }))
    .parse(updates)
    .map(({ ref }) => ({ taskId: ref.replace('refs/heads/agent/', '') }));
  return { comments, pulls, pushes };
};

const workerFacts = ({ line }: LoadHouse): Pick<Evidence, 'claims' | 'ends'> => {
  const answered = (call: RegExp, answer: string) =>
    line
      .seen()
      .filter((one) => one.task !== null && call.test(one.call) && one.answer === answer)
      .map(({ task }) => ({ taskId: task ?? '' }));
  return { claims: answered(/^tasks\.claim$/, 'claimed'), ends: answered(/^tasks\.finish /, 'true') };
};

const moneyFacts = async ({ query }: LoadHouse): Promise<Evidence['money']> => {
  const rows = await query(
    `select coalesce(max(usd), 0)::float as usd, coalesce(sum(open), 0)::int as open from (
       select sum(usd) as usd, count(*) filter (where state = 'reserved') as open
       from spend group by task_id) as per_task`,
  );
  const [{ usd, open }] = z.tuple([z.object({ usd: z.number(), open: z.int() })]).parse(rows);
  return { usd, open, capUsd: budgetUsd + turnUsd };
};

/** A repository, a working folder and a socket: what a container would take with it. */
const foldersPerKill = 3;

const leftoverFacts = async ({ house, kills, leftoverTokens }: Run): Promise<Evidence['leftovers']> => {
  const { stateDir, runsDir } = house.place;
  const within = (folder: string) =>
    existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  const folders = [
    ...within(stateDir).filter((path) => !path.endsWith('/bare')),
    ...within(join(stateDir, 'bare')),
    ...within(runsDir),
  ];
  const leased = await house.query('select id from tasks where lease_owner is not null');
  return {
    processes: [],
    folders: folders.slice(kills * foldersPerKill),
    leases: leased.map(({ id }) => String(id)),
    tokens: leftoverTokens,
  };
};
