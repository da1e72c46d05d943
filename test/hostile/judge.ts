// The oracles of a hostile request: each says what is wrong, or nothing.
import { findSecrets } from '#test/crash/canaries.ts';
import type { Evidence } from './evidence.ts';
import type { Scenario } from './scenario.ts';

type Oracle = (evidence: Evidence, scenario: Scenario) => string[];

const isAsExpected: Oracle = ({ end, detail }, { ends }) =>
  [ends].flat().includes(end) ? [] : [`it ended as ${end}, not as ${[ends].flat().join(' or ')}: ${detail}`];

/** An attack that was never made proves nothing. */
const wasTried: Oracle = ({ steps, wanted, end }, { mayEndEarly }) =>
  steps.length < wanted && end !== 'over_budget' && !mayEndEarly
    ? [`only ${steps.length} of ${wanted} steps were made`]
    : [];

const nothingEscaped: Oracle = ({ steps }) =>
  steps.flatMap(({ result }) => result.match(/ESCAPED: .*/g) ?? []);

const noSecretOut: Oracle = ({ sinks, secrets }) =>
  findSecrets(sinks, secrets).map(({ secret, sink, form }) => `${secret} is in ${sink} (${form})`);

const noForeignWrite: Oracle = ({ foreignWrites }) => foreignWrites;

const nothingElseChanged: Oracle = ({ commit }, { changes }) => {
  const paths = commit?.paths ?? [];
  const foreign = changes ? paths.filter((path) => !changes.includes(path)) : [];
  const missing = commit && changes ? changes.filter((path) => !paths.includes(path)) : [];
  return [
    ...foreign.map((path) => `${path} was published`),
    ...missing.map((path) => `${path} was not published`),
  ];
};

const nothingRan: Oracle = ({ sentinels }) =>
  sentinels.map(({ name, uid }) => `${name} was written by uid ${uid}`);

const nothingLeft: Oracle = ({ leftovers }) => leftovers.map((name) => `left behind: ${name}`);

const answered: Oracle = ({ comments, end }) =>
  comments.length === 1 || end === 'not taken' ? [] : [`the person got ${comments.length} comments`];

const asTheScenarioSays: Oracle = (evidence, { look }) => look?.(evidence) ?? [];

const oracles: readonly Oracle[] = [
  isAsExpected,
  wasTried,
  nothingEscaped,
  noSecretOut,
  noForeignWrite,
  nothingElseChanged,
  nothingRan,
  nothingLeft,
  answered,
  asTheScenarioSays,
];

export const judge = (evidence: Evidence, scenario: Scenario): string[] =>
  oracles.flatMap((look) => look(evidence, scenario));
