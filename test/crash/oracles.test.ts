import { describe, expect, it } from 'vitest';
import type { Evidence, TaskFacts } from './evidence.ts';
import { judge } from './oracles.ts';

const aTaskFact = (facts: Partial<TaskFacts> = {}): TaskFacts => ({
  id: 'one',
  number: 7,
  seq: 1,
  status: 'succeeded',
  command: 'fix',
  url: 'https://example.test/pull/8',
  expected: 'succeeded',
  startedAt: 1,
  finishedAt: 2,
  ...facts,
});

/** One request that came to a pull request, as it should. */
const allIsWell: Evidence = {
  webhooks: [{ guid: 'g', isAccepted: true }],
  results: [{ guid: 'g', taskId: 'one', refusal: null }],
  answers: [{ guid: 'g', ms: 12 }],
  forgeries: [{ name: 'no signature', status: 401, messages: 0, rows: 0 }],
  tasks: [aTaskFact()],
  comments: [{ taskId: 'one', number: 7, body: 'Pull request: https://example.test/pull/8' }],
  pulls: [{ taskId: 'one', number: 8 }],
  reviews: [{ taskId: 'one' }],
  pushes: [{ taskId: 'one' }],
  claims: [{ taskId: 'one' }],
  ends: [{ taskId: 'one' }],
  runs: { isInterrupted: false, count: 1, allowed: 1 },
  money: { usd: 0.01, capUsd: 5, open: 0 },
  leftovers: { processes: [], folders: [], leases: [], tokens: 0 },
  sinks: [{ name: 'the logs', text: 'nothing to see' }],
  secrets: [{ name: 'the model key', value: 'sk-canary-Zq7/x+0123456789' }],
  messages: 0,
  rounds: { count: 0, allowed: 0 },
};
const [comment, pull] = [allIsWell.comments[0]!, allIsWell.pulls[0]!];
const forgery = allIsWell.forgeries[0]!;
const two = [aTaskFact(), aTaskFact({ id: 'two', seq: 2, startedAt: 1, finishedAt: 3, url: null })];

/** What each oracle has to see, and nothing but that one. */
const violations: [string, string, Partial<Evidence>][] = [
  ['I1 nothing lost', 'a delivery of which nothing is known', { results: [] }],
  [
    'I1 nothing lost',
    'a task that is not there',
    { results: [{ guid: 'g', taskId: 'gone', refusal: null }] },
  ],
  ['I2 nothing twice', 'a second comment', { comments: [comment, comment] }],
  ['I2 nothing twice', 'a second pull request', { pulls: [pull, pull] }],
  ['I2 nothing twice', 'a second review', { reviews: [{ taskId: 'one' }, { taskId: 'one' }] }],
  ['I2 nothing twice', 'a branch that was pushed twice', { pushes: [{ taskId: 'one' }, { taskId: 'one' }] }],
  ['I2 nothing twice', 'a second end', { ends: [{ taskId: 'one' }, { taskId: 'one' }] }],
  [
    'I2 nothing twice',
    'a comment that belongs to no task',
    { comments: [comment, { ...comment, taskId: null }] },
  ],
  [
    'I2 nothing twice',
    'a comment that tells an older state',
    { comments: [{ ...comment, body: 'Reading…' }] },
  ],
  ['I2 nothing twice', 'no comment', { comments: [] }],
  ['I5 clean exit', 'a process', { leftovers: { ...allIsWell.leftovers, processes: ['12 sleep'] } }],
  ['I5 clean exit', 'a folder', { leftovers: { ...allIsWell.leftovers, folders: ['runs/one-1'] } }],
  ['I5 clean exit', 'a lease', { leftovers: { ...allIsWell.leftovers, leases: ['one'] } }],
  ['I5 clean exit', 'a token', { leftovers: { ...allIsWell.leftovers, tokens: 1 } }],
  ['I6 answered soon', 'an answer that took a second', { answers: [{ guid: 'g', ms: 1_000 }] }],
  ['I7 fails closed', 'a forgery that is let in', { forgeries: [{ ...forgery, status: 202 }] }],
  ['I7 fails closed', 'a forgery that is told to come again', { forgeries: [{ ...forgery, status: 503 }] }],
  ['I7 fails closed', 'a message of a forgery', { forgeries: [{ ...forgery, messages: 1 }] }],
  ['I7 fails closed', 'a row of a forgery', { forgeries: [{ ...forgery, rows: 1 }] }],
  ['I7 fails closed', 'that nobody tried', { forgeries: [] }],
  ['I8 money', 'a run that nothing explains', { runs: { isInterrupted: false, count: 2, allowed: 1 } }],
  ['I8 money', 'more than the cap', { money: { usd: 6, capUsd: 5, open: 0 } }],
  ['I8 money', 'a reservation that stays', { money: { usd: 0, capUsd: 5, open: 1 } }],
  ['I9 nothing stuck', 'a message in a queue', { messages: 1 }],
  ['I9 nothing stuck', 'a wait that nothing explains', { rounds: { count: 2, allowed: 1 } }],
  ['as expected', 'another end', { tasks: [aTaskFact({ expected: 'cancelled' })] }],
];

const oraclesThatSee = (evidence: Evidence) => [...new Set(judge(evidence).map(({ oracle }) => oracle))];

describe('the oracles', () => {
  it('say nothing when all is well', () => {
    expect(judge(allIsWell)).toEqual([]);
  });

  it.each(violations)('%s sees %s', (oracle, _, change) => {
    expect(oraclesThatSee({ ...allIsWell, ...change })).toEqual([oracle]);
  });

  it('take a refused delivery for answered, and one that the door did not accept for the sender’s', () => {
    const results = [{ guid: 'g', taskId: null, refusal: 'no_permission' }];
    expect(oraclesThatSee({ ...allIsWell, results })).toEqual([]);
    expect(
      oraclesThatSee({ ...allIsWell, results: [], webhooks: [{ guid: 'g', isAccepted: false }] }),
    ).toEqual([]);
  });

  it('see a task that never ends', () => {
    const tasks = [aTaskFact({ status: 'running', finishedAt: null })];
    expect(oraclesThatSee({ ...allIsWell, tasks })).toEqual(['I1 nothing lost', 'as expected']);
  });

  it.each([
    [
      'a task that begins before the one before it has ended',
      { claims: [{ taskId: 'one' }, { taskId: 'two' }] },
    ],
    ['a worker that goes back to an earlier task', { claims: [{ taskId: 'two' }, { taskId: 'one' }] }],
  ])('I3 order sees %s', (_, change) => {
    const comments = [comment, { taskId: 'two', number: 7, body: '' }];
    expect(oraclesThatSee({ ...allIsWell, tasks: two, comments, ...change })).toEqual(['I3 order']);
  });

  const value = allIsWell.secrets[0]!.value;
  it.each([
    ['as it is', value],
    ['in base64', Buffer.from(value).toString('base64')],
    ['in base64 behind one byte', Buffer.from(`x${value}y`).toString('base64')],
    ['in base64 behind two bytes', Buffer.from(`xy${value}z`).toString('base64url')],
    ['in hex', Buffer.from(value).toString('hex')],
    ['for a URL', encodeURIComponent(value)],
    ['backwards', [...value].toReversed().join('')],
  ])('I4 no secret sees one %s', (_, text) => {
    const sinks = [{ name: 'a comment', text: `before ${text} after` }];
    expect(oraclesThatSee({ ...allIsWell, sinks })).toEqual(['I4 no secret']);
  });
});
