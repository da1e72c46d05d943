import { describe, expect, it } from 'vitest';
import type { JobFacts } from '#core/job.ts';
import { resumeFrom } from '#core/resume.ts';
import type { Outcome } from '#core/task.ts';

const usage = {
  inputTokens: 1,
  outputTokens: 1,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  costUsd: 1,
  requests: 1,
};
const report = { usage, turns: 1, durationMs: 1, answer: 'done' };
const failed: Outcome = { status: 'failed', reason: 'nothing_done', detail: '' };
const answered: Outcome = { status: 'succeeded', result: { kind: 'answer' }, summary: 'so it is' };
const pullRequest = { number: 7, url: 'https://github.com/octo-org/shop/pull/7' };
const published: Outcome = {
  status: 'succeeded',
  result: { kind: 'pull_request', branch: 'agent/1', ...pullRequest },
  summary: 'done',
};
const cloned: JobFacts = { commentId: '1', baseBranch: 'main', baseSha: 'abc' };
const ran: JobFacts = { ...cloned, patchKey: 'tasks/1/1.patch', report };
const pushed: JobFacts = { ...ran, branch: 'agent/1', commitSha: 'def' };
const checkpoint = { sessionId: '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a001', transcriptKey: null, patchKey: null };

describe('a task that is asked for once more', () => {
  it.each([
    ['that had not begun', {}, 'received', { beginnings: 1 }],
    ['whose run never began', cloned, 'received', { commentId: '1', beginnings: 1 }],
    ['whose run was interrupted and saved', { ...cloned, checkpoint }, 'cloned', { ...cloned, checkpoint }],
    ['whose run was paid', ran, 'ran', ran],
    ['whose change may not be published', { ...ran, outcome: failed }, 'ran', ran],
    ['whose branch is there', pushed, 'pushed', pushed],
    [
      'that was published and not told',
      { ...pushed, pullRequest, outcome: published },
      'opened',
      { ...pushed, pullRequest, outcome: published },
    ],
    [
      'whose answer was not told',
      { ...cloned, patchKey: null, report, outcome: answered },
      'ran',
      { ...cloned, patchKey: null, report, outcome: answered },
    ],
  ] as const)('%s goes on from there', (...[, facts, step, kept]) => {
    expect(resumeFrom({ ...facts, failures: { overloaded: 5 } })).toEqual({ step, facts: kept });
  });

  it('begins anew after a run that made nothing, each time under a run of its own', () => {
    const fruitless: JobFacts = { ...cloned, checkpoint, patchKey: null, report, outcome: failed };
    const second = resumeFrom(fruitless);
    expect(second).toEqual({ step: 'received', facts: { commentId: '1', beginnings: 2 } });
    expect(resumeFrom({ ...fruitless, ...second.facts }).facts.beginnings).toBe(3);
    // nothing of the second run was stored: should it be in the bucket, it is found
    expect(resumeFrom(second.facts).facts.beginnings).toBe(2);
  });
});
