import { describe, expect, it } from 'vitest';
import type { JobFacts } from '#core/job.ts';
import type { Outcome, Step } from '#core/task.ts';
import { steps } from '#core/task.ts';
import { decide } from '#worker/decide.ts';

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
    ['reported', { outcome: failed }, 'finish'],
    ['done', { outcome: failed }, 'finish'],
  ])('after %s with %j is to %s', (step, facts, kind) => {
    expect(decide(step, facts, 1).kind).toBe(kind);
  });

  it('is never to pay again for a run that is stored', () => {
    for (const step of steps.slice(steps.indexOf('ran'))) {
      const facts = { ...ran, branch: 'agent/1', outcome: failed };
      expect(['clone', 'run']).not.toContain(decide(step, facts, 99).kind);
    }
  });

  it.each<[Step, JobFacts]>([
    ['received', {}],
    ['cloned', base],
  ])('is to give up a job that was begun five times and is still at %s', (step, facts) => {
    expect(decide(step, facts, 5).kind).not.toBe('end');
    expect(decide(step, facts, 6)).toMatchObject({ kind: 'end', outcome: { reason: 'internal' } });
  });

  it('is to go on with a stored run, however often it was begun', () => {
    expect(decide('ran', ran, 99).kind).toBe('push');
  });

  it.each<[Step, JobFacts]>([
    ['cloned', {}],
    ['ran', base],
    ['ran', { ...ran, patchKey: null }],
    ['pushed', ran],
    ['opened', ran],
  ])('is a surprise when %s lacks what it must have brought', (step, facts) => {
    expect(() => decide(step, facts, 1)).toThrow('a stored step lacks its');
  });
});
