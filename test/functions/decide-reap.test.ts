import { describe, expect, it } from 'vitest';
import type { TaskState } from '#core/ports/launcher.ts';
import type { SeenWorker, Verdict } from '#functions/handlers/decide-reap.ts';
import { decideReap, isSuspect } from '#functions/handlers/decide-reap.ts';

const seconds = 1_000;
const minutes = 60 * seconds;
const hours = 60 * minutes;
const taskArn = 'arn:aws:ecs:us-east-1:000000000000:task/c/1';
const alive: TaskState = { kind: 'alive' };
const stopping: TaskState = { kind: 'stopping' };
const missing: TaskState = { kind: 'missing' };
const killed: TaskState = { kind: 'stopped', reason: 'OutOfMemoryError' };

/** Launched an hour ago, beat ten seconds ago. */
const aWorker = (changes: Partial<SeenWorker> = {}): SeenWorker => ({
  workerId: '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a001',
  taskArn,
  launchedMsAgo: hours,
  beatMsAgo: 10 * seconds,
  stopAskedMsAgo: null,
  ...changes,
});
const launched = (launchedMsAgo: number, changes: Partial<SeenWorker> = {}) =>
  aWorker({ launchedMsAgo, beatMsAgo: null, ...changes });
const silent = (changes: Partial<SeenWorker> = {}) =>
  aWorker({ beatMsAgo: 13 * minutes, task: alive, ...changes });
const tooOld = (changes: Partial<SeenWorker> = {}) =>
  aWorker({ launchedMsAgo: 6 * hours + minutes, task: alive, ...changes });
const healthy = aWorker({ workerId: '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a002' });

const verdictOf = (worker: SeenWorker, others: SeenWorker[] = [healthy]) =>
  decideReap([worker, ...others]).verdicts[0]!.verdict;
const gone = 'ECS does not know its task any more';

describe('what becomes of a worker', () => {
  it.each<[string, SeenWorker, Verdict]>([
    ['that beats', aWorker(), { kind: 'leave' }],
    ['that has just been launched', launched(2 * minutes), { kind: 'leave' }],
    ['whose image is still being pulled', launched(4 * minutes, { task: alive }), { kind: 'leave' }],
    [
      'whose launch came to nothing',
      launched(4 * minutes, { task: killed }),
      { kind: 'never_started', reason: 'OutOfMemoryError' },
    ],
    [
      'whose launch ECS has forgotten',
      launched(4 * minutes, { task: missing }),
      { kind: 'never_started', reason: gone },
    ],
    [
      'of whose launch nobody knows',
      launched(4 * minutes, { taskArn: null }),
      { kind: 'never_started', reason: 'RunTask gave no answer' },
    ],
    ['of whose launch nobody knows yet', launched(2 * minutes, { taskArn: null }), { kind: 'leave' }],
    ['that hangs while it starts', launched(6 * minutes, { task: alive }), { kind: 'ask_stop' }],
    [
      'that still hangs while it starts',
      launched(7 * minutes, { task: alive, stopAskedMsAgo: minutes }),
      { kind: 'stop', taskArn, why: 'never_heard_of' },
    ],

    ['that misses beats', aWorker({ beatMsAgo: 11 * minutes, task: alive }), { kind: 'leave' }],
    ['that was killed', silent({ task: killed }), { kind: 'ended', reason: 'OutOfMemoryError' }],
    [
      'that was killed a moment ago',
      aWorker({ beatMsAgo: 3 * minutes, task: killed }),
      { kind: 'ended', reason: 'OutOfMemoryError' },
    ],
    ['that was killed long ago', silent({ task: missing }), { kind: 'ended', reason: gone }],
    ['that is silent', silent(), { kind: 'ask_stop' }],
    ['that was asked right now', silent({ stopAskedMsAgo: 49 * seconds }), { kind: 'await' }],
    [
      'that was asked a tick ago and is still silent',
      silent({ stopAskedMsAgo: 51 * seconds }),
      { kind: 'stop', taskArn, why: 'silent' },
    ],
    [
      'that was asked and beats again',
      aWorker({ stopAskedMsAgo: 2 * minutes, task: alive }),
      { kind: 'spare' },
    ],
    [
      'that was asked and has just finished',
      silent({ stopAskedMsAgo: minutes, task: { kind: 'stopped', reason: 'exit code 0' } }),
      { kind: 'ended', reason: 'exit code 0' },
    ],
    [
      'that was asked and of which ECS says nothing',
      silent({ stopAskedMsAgo: minutes, task: undefined }),
      { kind: 'await' },
    ],
    ['that was stopped already', silent({ stopAskedMsAgo: 2 * minutes, task: stopping }), { kind: 'leave' }],
    [
      'that is silent and whose task nobody knows',
      silent({ taskArn: null, task: undefined }),
      { kind: 'ended', reason: 'not heard of any more' },
    ],
    ['that beats and whose task nobody knows', tooOld({ taskArn: null, task: undefined }), { kind: 'leave' }],

    ['that is almost too old', aWorker({ launchedMsAgo: 6 * hours - minutes }), { kind: 'leave' }],
    ['that is too old, however it beats', tooOld(), { kind: 'ask_stop' }],
    [
      'that is still there a tick later',
      tooOld({ stopAskedMsAgo: minutes }),
      { kind: 'stop', taskArn, why: 'too_old' },
    ],
  ])('%s', (_, worker, verdict) => {
    expect(verdictOf(worker)).toEqual(verdict);
  });

  it('is asked of ECS only where it matters', () => {
    expect([aWorker(), launched(2 * minutes)].filter(isSuspect)).toEqual([]);
    const suspects = [
      launched(4 * minutes),
      aWorker({ beatMsAgo: 3 * minutes }),
      tooOld(),
      aWorker({ stopAskedMsAgo: minutes }),
    ];
    expect(suspects.filter(isSuspect)).toHaveLength(4);
  });
});

describe('when nobody is heard of, which may be the fault of Postgres', () => {
  const asked = (stopAskedMsAgo: number) => [
    silent({ stopAskedMsAgo }),
    silent({ stopAskedMsAgo, beatMsAgo: 12.5 * minutes }),
    launched(2 * minutes),
  ];
  const kinds = (workers: SeenWorker[]) => decideReap(workers).verdicts.map(({ verdict }) => verdict.kind);

  it('nobody is stopped for a tick longer', () => {
    expect(decideReap(asked(minutes)).nobodyIsHeardOf).toBe(true);
    expect(kinds(asked(minutes))).toEqual(['await', 'await', 'leave']);
    expect(kinds(asked(2 * minutes))).toEqual(['stop', 'stop', 'leave']);
  });

  it('one beat shows that it was not Postgres', () => {
    const workers = [...asked(minutes), healthy];
    expect(decideReap(workers).nobodyIsHeardOf).toBe(false);
    expect(kinds(workers)).toEqual(['stop', 'stop', 'leave', 'leave']);
  });

  it('those whose beats came back are spared', () => {
    const back = aWorker({ stopAskedMsAgo: minutes, task: alive });
    expect(kinds([back, back, launched(2 * minutes)])).toEqual(['spare', 'spare', 'leave']);
  });

  it('there is nothing to warn of without somebody who should be heard of', () => {
    for (const workers of [[], [launched(2 * minutes)], [silent({ task: killed })]])
      expect(decideReap(workers).nobodyIsHeardOf).toBe(false);
  });
});
