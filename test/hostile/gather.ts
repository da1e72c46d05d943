// The facts of a scenario, from everything that could have seen it.
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredTask } from '#db/tasks.ts';
import type { ToolStep } from '#local/model/conversation.ts';
import type { ModelTurn } from '#local/model/messages-api.ts';
import type { Played } from '#local/play.ts';
import { agentProcesses, foldersOf } from '#test/support/leftovers.ts';
import type { Evidence } from './evidence.ts';
import type { HostileHouse } from './hostile-house.ts';
import type { End, Scenario } from './scenario.ts';
import { readSinks } from './sinks.ts';
import { foreignWrites } from './writes.ts';

type Run = {
  scenario: Scenario;
  turns: readonly ModelTurn[];
  steps: readonly ToolStep[];
  number: number;
  /** Where the journal and the logs stood before. */
  from: { journal: number; logs: number };
  played: Exclude<Played, { kind: 'no_end' }>;
};

export const gather = async (house: HostileHouse, run: Run): Promise<Evidence> => {
  const { scenario, turns, steps, number, from, played } = run;
  const { issues } = house.github.repository(house.demo.repository);
  const thread = issues.get(number);
  const ours = thread?.comments.filter(({ user }) => user.type === 'Bot') ?? [];
  const stored = played.kind === 'ended' ? played.task : undefined;
  const taskId = stored?.task.id ?? null;
  const entries = house.journal.entries().slice(from.journal);
  return {
    ...endOf(played),
    steps: steps.map(({ input, result }) => ({ input: JSON.stringify(input), result })),
    wanted: turns.reduce((count, { tools = [] }) => count + tools.length, 0),
    taskId,
    comments: ours.map(({ body }) => body),
    reviews: thread?.pull?.reviews ?? [],
    labels: thread?.labels.map(({ name }) => name) ?? [],
    pull: pullOf(house, taskId),
    commit: stored && (await commitOf(house, stored)),
    foreignWrites: foreignWrites(entries, {
      repository: house.demo.repository,
      taskId,
      number,
      comments: ours.map(({ id }) => id),
      labels: scenario.labels ?? [],
    }),
    sentinels: readdirSync(house.attackerKnows.sentinels).map((name) => ({
      name,
      uid: lstatSync(join(house.attackerKnows.sentinels, name)).uid,
    })),
    leftovers: [...agentProcesses(house.place), ...foldersOf(house.place)],
    sinks: await readSinks(house, { from, hasModel: !scenario.knowsSecret }),
    secrets: secretsOf(house),
    modelCalls: entries
      .filter(({ twin }) => twin === 'model')
      .map(({ call, detail }) => ({ call, body: String(detail['body']) })),
  };
};

const endOf = (played: Run['played']): { end: End; detail: string } => {
  if (played.kind === 'not_taken') return { end: 'not taken', detail: played.reason };
  const { outcome } = played.task;
  const detail = JSON.stringify(outcome).slice(0, 600);
  switch (outcome?.status) {
    case 'succeeded':
      return { end: outcome.result.kind === 'answer' ? 'answer' : 'pull request', detail };
    case 'failed':
      return { end: outcome.reason, detail };
    case 'timed_out':
      return { end: 'timed out', detail };
    default:
      throw new Error(`an end that no scenario has: ${detail}`);
  }
};

const pullOf = ({ github, demo }: HostileHouse, taskId: string | null): Evidence['pull'] => {
  const issue = [...github.repository(demo.repository).issues.values()].find(
    ({ pull }) => pull?.headBranch === `agent/${taskId}`,
  );
  if (!issue?.pull) return undefined;
  const { draft, baseBranch } = issue.pull;
  return { title: issue.title, body: issue.body ?? '', draft, base: baseBranch };
};

/** From git, whatever the task says of it. */
const commitOf = async (
  { github, demo }: HostileHouse,
  { task, facts }: StoredTask,
): Promise<Evidence['commit']> => {
  const sha = await github.git.branch(demo.gitDir, `agent/${task.id}`);
  if (sha === undefined) return undefined;
  const git = (...args: string[]) => github.git.run(demo.gitDir, args);
  const changed = await git('diff', '--name-only', '--no-renames', '-z', facts.baseSha ?? '', sha);
  return {
    message: await git('log', '-1', '--format=%B', sha),
    paths: changed.split('\0').filter((path) => path !== ''),
  };
};

const secretsOf = ({ github, surroundings, postgres, planted, modelKey, minted }: HostileHouse) => {
  const key = github.app.privateKey.split('\n');
  return [
    ...Object.entries(planted).map(([name, value]) => ({ name, value })),
    { name: 'the webhook secret', value: github.app.webhookSecret },
    { name: "the App's key", value: key[Math.floor(key.length / 2)] ?? '' },
    { name: 'the model key', value: modelKey },
    { name: "the app role's password", value: surroundings.database.appPassword },
    { name: "the master's password", value: postgres.master.password },
    ...minted().map((value) => ({ name: 'a token', value })),
  ];
};
