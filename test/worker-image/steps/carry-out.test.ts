import { expect, it } from 'vitest';
import type { Intents } from '#core/intents.ts';
import type { Task } from '#core/task.ts';
import { aRequest, aThread, aTrigger } from '#test/builders.ts';
import { aLog } from '#test/support/fakes.ts';
import { carryOutIntents } from '#worker/steps/carry-out.ts';

type Context = Parameters<typeof carryOutIntents>[0];

const task: Task = {
  id: '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a001',
  threadKey: 'a',
  thread: aThread({ isPullRequest: true }),
  trigger: aTrigger(),
  request: aRequest(),
  lane: 'normal',
  status: 'running',
  step: 'ran',
  generation: 0,
};
const base = { branch: 'main', sha: 'a' };
const head = { branch: 'feature', sha: 'b', isFork: false };
const review = { comments: [{ path: 'a.js', line: 3, body: 'Why?' }] };

/** A worker on whose machine no diff comes to an end. */
const carryOut = async (intents: Intents, started: Awaited<ReturnType<Context['fetch']['start']>>) => {
  const reviews: Parameters<Context['access']['review']>[0][] = [];
  const killed = () => Promise.reject(new Error('git diff was killed'));
  const facts = await carryOutIntents(
    {
      job: { task, facts: {}, fence: 1, attempt: 1, stopBy: null },
      hold: () => Promise.resolve(),
      fetch: { start: () => Promise.resolve(started) },
      git: {
        folder: '',
        url: '',
        attempt: killed,
        run: killed,
        stream: () => {
          throw new Error('git diff was killed');
        },
      },
      policyAt: () => Promise.reject(new Error('nobody asks')),
      access: {
        review: (input) => {
          reviews.push(input);
          return Promise.resolve({ kind: 'written', url: 'https://github.com/o/r/pull/1#r' });
        },
        addLabels: () => Promise.reject(new Error('nobody asks')),
      },
      log: aLog().log,
    },
    { kind: 'carry_out', intents, base, head },
  );
  return { facts, reviews };
};

it('tells everything in the body of the review when git gives no diff', async () => {
  const { reviews, facts } = await carryOut({ review }, { kind: 'started', start: base, restored: [] });
  expect(reviews).toMatchObject([
    { comments: [], body: expect.stringContaining('`a.js:3` — Why?'), commitSha: 'b' },
  ]);
  expect(facts.carriedOut).toMatchObject({ problems: [], review: { url: expect.any(String) } });
});

it('writes nothing when the commits are gone, and says so', async () => {
  const outcome = { status: 'failed', reason: 'bad_base', detail: '' } as const;
  const { reviews, facts } = await carryOut({ review, labels: ['bug'] }, { kind: 'ended', outcome });
  expect(reviews).toEqual([]);
  expect(facts.carriedOut).toEqual({
    labels: [],
    problems: ['what was asked for beside: the commits that the work began from are gone'],
  });
});
