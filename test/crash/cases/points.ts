// K0-K14: every place in a worker's life at which it can be struck down, and what may happen to it there.
import type { Case } from '#test/crash/case.ts';
import { aChange, askAndWait } from '#test/crash/case.ts';
import type { Fate } from '#test/crash/blows.ts';
import { fates } from '#test/crash/blows.ts';
import type { Where } from '#test/crash/strike.ts';
import { strikeDown, waitAtGate } from '#test/crash/strike.ts';
import type { Trial } from '#test/crash/trial.ts';

type PointCase = {
  id: string;
  title: string;
  where: Where;
  fates?: readonly Fate[];
  /** Lines for the CLI's run. */
  run?: string;
  prepare?: (trial: Trial) => void;
};

const callOf = (twin: string, call: RegExp) => (entry: { twin: string; call: string }) =>
  entry.twin === twin && call.test(entry.call);

const points: readonly PointCase[] = [
  {
    id: 'PG-1',
    title: 'as the worker begins',
    where: { at: 'before workers.beat' },
    fates: ['database'],
  },
  { id: 'K0', title: 'after the receive, before the claim', where: { at: 'after queue.receive' } },
  { id: 'K1', title: 'after the claim', where: { at: 'after tasks.claim' } },
  { id: 'K2', title: 'after the token was minted', where: { at: 'before steps.clone' } },
  {
    id: 'K3',
    title: 'in the middle of the clone',
    where: { seen: callOf('git', /git-upload-pack$/) },
    fates: ['KILL'],
  },
  { id: 'K4', title: "after 'cloned' was stored", where: { at: 'after tasks.advance cloned' } },
  { id: 'K5', title: 'while the CLI runs', where: { inRun: true } },
  { id: 'K6', title: "after 'ran' was stored", where: { at: 'after tasks.advance ran' } },
  { id: 'K6a', title: 'after the patch, before run.json', where: { at: 'after blobs.put patch' } },
  { id: 'K6b', title: "after run.json, before 'ran'", where: { at: 'before tasks.advance ran' } },
  { id: 'K7', title: 'after the push, before its record', where: { at: 'after steps.push' } },
  {
    id: 'K8',
    title: 'after the pull request, before its record',
    where: { at: 'after github.openPullRequest' },
  },
  { id: 'K9', title: 'after the comment, before its record', where: { at: 'after steps.report' } },
  { id: 'K9a', title: 'after the first comment, before its record', where: { at: 'after github.say' } },
  { id: 'K10', title: 'after the end was stored, before the ack', where: { at: 'after tasks.finish' } },
  { id: 'K10a', title: 'after the look for the next task', where: { at: 'after tasks.nextOpen' } },
  { id: 'K11', title: 'after the ack, before the exit', where: { at: 'after queue.acknowledge' } },
  {
    id: 'K12',
    title: 'in the drain of a CLI that does not hear SIGTERM',
    where: { inRun: true },
    run: "do: trap '' TERM",
    fates: ['TERM', 'TERM+KILL'],
  },
  ...[
    'before tasks.renew',
    'after tasks.renew',
    'before queue.extend',
    'after queue.extend',
    'before workers.beat',
  ].map((at, index): PointCase => ({
    id: `K13${'abcde'[index]}`,
    title: `a beat in the run: ${at}`,
    where: { inRun: true, at, beatMs: 60 },
    fates: ['KILL', 'TERM', 'power', 'database'],
  })),
];

/** GitHub takes the token back, so that the next call mints another one. */
const refuseToken = (call: RegExp) => (trial: Trial) => {
  trial.house.faults.inject({
    call,
    fault: { kind: 'answer', status: 401, body: '{"message":"Bad credentials"}' },
  });
};
const mintOf = (nth: number) => {
  let minted = 0;
  return (entry: { twin: string; call: string }) =>
    entry.twin === 'github' && entry.call.endsWith('/access_tokens') && (minted += 1) === nth;
};

const refreshes: readonly PointCase[] = [
  {
    id: 'K14',
    title: 'inside a token refresh',
    // triage's token is minted before there is a worker
    where: { seen: mintOf(2) },
    prepare: refuseToken(/^PATCH \/repos\//),
    fates: ['KILL'],
  },
  ...(['before', 'after'] as const).map((when): PointCase => ({
    id: `K14${when === 'before' ? 'a' : 'b'}`,
    title: `${when} the refresh for a refused push`,
    where: { at: `${when} github.renewToken` },
    prepare: refuseToken(/git-receive-pack$/),
  })),
];

const quick: Record<string, readonly string[]> = {
  TERM: ['K0', 'K5', 'K7'],
  'TERM+KILL': ['K6', 'K12'],
  power: ['K1', 'K6', 'K10'],
  database: ['PG-1', 'K5', 'K8'],
  network: ['K4', 'K7', 'K9'],
};

const toCase = ({ id, title, where, run = '', prepare }: PointCase, fate: Fate): Case => ({
  id: `${id} ${fate}`,
  group: id,
  title,
  isQuick: fate === 'KILL' ? !/^K(?:2|9a|10a|13[bde]|14b)$/.test(id) : (quick[fate]?.includes(id) ?? false),
  run: async (trial) => {
    const stop = strikeDown(trial, { where, fate });
    prepare?.(trial);
    const gate = 'inRun' in where ? waitAtGate(trial) : '';
    const expected = await askAndWait(trial, [run, gate, aChange].filter(Boolean).join('\n'));
    stop();
    trial.mustHaveStruck();
    return expected;
  },
});

export const pointCases: readonly Case[] = [...points, ...refreshes].flatMap((point) =>
  (point.fates ?? fates).map((fate) => toCase(point, fate)),
);
