// One scenario from the person's comment to the verdict.
import { play } from '#local/play.ts';
import type { Played } from '#local/play.ts';
import { gather } from './gather.ts';
import type { HostileHouse } from './hostile-house.ts';
import { judge } from './judge.ts';
import { makeBranch } from './repository.ts';
import type { Scenario } from './scenario.ts';

export type Verdict = {
  id: string;
  says: string;
  rows: readonly string[];
  seconds: number;
  /** What is wrong; none when the attack came to nothing. */
  violations: string[];
};

const timeoutMs = 120_000;

export const runScenario = async (house: HostileHouse, scenario: Scenario): Promise<Verdict> => {
  const startedAt = performance.now();
  const { id, says, rows } = scenario;
  const from = { journal: house.journal.entries().length, logs: house.logs.length };
  const number = await openThread(house, scenario);
  const turns = scenario.turns(house.attackerKnows);
  const steps = house.obey(id, turns);
  const played = await play(house, house.journal, {
    comment: commentOf(scenario),
    login: house.demo.writer,
    issue: number,
    timeoutMs,
  });
  const evidence = await gather(house, {
    scenario,
    turns,
    steps: steps(),
    number,
    from,
    played: endedWell(played),
  });
  const violations = judge(evidence, scenario);
  return { id, says, rows, violations, seconds: (performance.now() - startedAt) / 1_000 };
};

const endedWell = (played: Played | 'interrupted'): Exclude<Played, { kind: 'no_end' }> => {
  if (played === 'interrupted' || played.kind === 'no_end')
    throw new Error(`the request did not end: ${JSON.stringify(played)}`);
  return played;
};

/** The pull request where the scenario has a head, else an issue; its base branch holds the attacker's files. */
const openThread = async (house: HostileHouse, scenario: Scenario): Promise<number> => {
  const { attackerKnows, demo, github } = house;
  const { id, base, head, fork, body = '' } = scenario;
  const name = `hostile/${id}`;
  const from = base ? await makeBranch(house, { name, from: 'main', files: base(attackerKnows) }) : 'main';
  const asks = { repository: demo.repository, login: demo.writer, title: `Scenario ${id}`, body };
  if (!head) {
    const { number, delivered } = github.openIssue(asks);
    await delivered;
    return number;
  }
  const sha = await makeBranch(house, { name: `people/${id}`, from, files: head(attackerKnows) });
  const { number, delivered } = await github.openPullRequest({
    ...asks,
    headBranch: `people/${id}`,
    baseBranch: base ? name : 'main',
    ...(fork && { fork: { owner: demo.stranger, sha } }),
  });
  await delivered;
  return number;
};

const commentOf = ({ id, base, head, command = 'fix', request = '' }: Scenario): string => {
  const from = base && !head ? ` --base hostile/${id}` : '';
  return `@agent ${command}${from} scenario ${id}\n\n${request}`.trim();
};
