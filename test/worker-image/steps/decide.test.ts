import { describe, expect, it } from 'vitest';
import type { JobFacts } from '#core/job.ts';
import type { Outcome, Step } from '#core/task.ts';
import { steps } from '#core/task.ts';
import { decide, decideFailed } from '#worker/steps/decide.ts';

const report = {
  usage: {
    inputTokens: 1,
    outputTokens: 1,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    costUsd: 0.1,
    requests: 1,
  },
  turns: 1,
  durationMs: 1_000,
  answer: 'done',
};
const failed: Outcome = { status: 'failed', reason: 'agent_error', detail: '' };
const base = { baseBranch: 'main', baseSha: 'a'.repeat(40) };
const ran = { ...base, report, patchKey: 'tasks/1/1.patch' };

const answered: Outcome = { status: 'succeeded', result: { kind: 'answer' }, summary: 'done' };
const wishes = {
  ...ran,
  patchKey: null,
  outcome: answered,
  report: { ...report, intents: { labels: ['bug'] } },
};
const carriedOut = { labels: [], problems: [] };

const fresh = { command: 'fix', attempt: 1, stopBy: null } as const;

describe('what is done next', () => {
  it.each<[Step, JobFacts, string]>([
    ['received', {}, 'clone'],
    ['cloned', base, 'run'],
    ['ran', ran, 'push'],
    ['pushed', { ...ran, branch: 'agent/1' }, 'open_pull_request'],
    ['received', { outcome: failed }, 'report'],
    ['cloned', { outcome: failed }, 'report'],
    ['ran', { ...ran, patchKey: null, outcome: failed }, 'report'],
    ['opened', { ...ran, outcome: failed }, 'report'],
    ['ran', wishes, 'carry_out'],
    ['opened', wishes, 'carry_out'],
    ['ran', { ...wishes, carriedOut }, 'report'],
    ['ran', { ...wishes, outcome: failed }, 'report'],
    ['reported', wishes, 'finish'],
    ['reported', { outcome: failed }, 'finish'],
    ['done', { outcome: failed }, 'finish'],
  ])('after %s with %j is to %s', (step, facts, kind) => {
    expect(decide({ ...fresh, step, facts }).kind).toBe(kind);
  });

  it.each<[Step, JobFacts, string]>([
    ['received', {}, 'find_held_branch'],
    ['cloned', base, 'release_ci'],
  ])('for the release of a CI, after %s with %j, is to %s: never a run', (step, facts, kind) => {
    expect(decide({ ...fresh, command: 'run-ci', step, facts }).kind).toBe(kind);
    expect(decide({ ...fresh, command: 'run-ci', step, facts, attempt: 6 }).kind).toBe('end');
  });

  it('is never to pay again for a run that is stored', () => {
    for (const step of steps.slice(steps.indexOf('ran'))) {
      const facts = { ...ran, branch: 'agent/1', outcome: failed };
      expect(['clone', 'run']).not.toContain(decide({ ...fresh, step, facts, attempt: 99 }).kind);
    }
  });

  it.each<[Step, JobFacts]>([
    ['received', {}],
    ['cloned', base],
  ])('is to give up a job that was begun five times and is still at %s', (step, facts) => {
    expect(decide({ ...fresh, step, facts, attempt: 5 }).kind).not.toBe('end');
    expect(decide({ ...fresh, step, facts, attempt: 6 })).toMatchObject({
      kind: 'end',
      outcome: { reason: 'internal' },
    });
  });

  it('is to go on with a stored run, however often it was begun', () => {
    expect(decide({ ...fresh, step: 'ran', facts: ran, attempt: 99 }).kind).toBe('push');
  });

  it.each<[Step, JobFacts]>([
    ['cloned', {}],
    ['ran', base],
    ['ran', { ...ran, patchKey: null }],
    ['pushed', ran],
    ['opened', ran],
  ])('is a surprise when %s lacks what it must have brought', (step, facts) => {
    expect(() => decide({ ...fresh, step, facts })).toThrow('a stored step lacks its');
  });
});

describe('a wish to stop', () => {
  it.each<[Step, JobFacts]>([
    ['received', {}],
    ['cloned', base],
    ['ran', ran],
    ['pushed', { ...ran, branch: 'agent/1' }],
  ])('ends a task that stands at %s', (step, facts) => {
    expect(decide({ ...fresh, step, facts, stopBy: 'demo' })).toEqual({
      kind: 'end',
      outcome: { status: 'cancelled', by: 'demo' },
    });
  });

  it('comes too late for an end that is stored', () => {
    const facts = { ...ran, outcome: failed };
    expect(decide({ ...fresh, step: 'opened', facts, stopBy: 'demo' })).toEqual({
      kind: 'report',
      outcome: failed,
    });
  });

  it('leaves out what was to be carried out beside', () => {
    expect(decide({ ...fresh, step: 'opened', facts: wishes, stopBy: 'demo' }).kind).toBe('report');
  });
});

describe('a run that failed for a reason that passes', () => {
  it('is tried again later, and later each time', () => {
    const waits = [1, 2, 3, 4, 5].map((count) =>
      decideFailed({ failure: 'overloaded', detail: '529' }, { failures: { overloaded: count } }),
    );
    const minutes = waits.map((next) => (next.kind === 'wait' ? (next.wait.afterMs ?? 0) / 60_000 : next));
    expect(minutes).toEqual([1, 5, 15, 30, 60]);
  });

  it('ends after its last try, and says why', () => {
    expect(decideFailed({ failure: 'overloaded', detail: '529' }, { failures: { overloaded: 6 } })).toEqual({
      kind: 'end',
      outcome: { status: 'failed', reason: 'model_error', detail: '529' },
      needsOperator: false,
    });
  });

  it('counts each class by itself', () => {
    const failures = { overloaded: 5, out_of_memory: 1 };
    expect(decideFailed({ failure: 'out_of_memory', detail: '' }, { failures }).kind).toBe('wait');
    const twice = { ...failures, out_of_memory: 2 };
    expect(decideFailed({ failure: 'out_of_memory', detail: '' }, { failures: twice })).toMatchObject({
      kind: 'end',
      outcome: { reason: 'out_of_memory' },
    });
  });

  it.each(['auth', 'billing', 'model_gone'] as const)('calls an operator at once for %s', (failure) => {
    expect(decideFailed({ failure, detail: '' }, { failures: { [failure]: 1 } })).toMatchObject({
      kind: 'end',
      needsOperator: true,
    });
  });
});
