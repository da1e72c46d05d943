// Where the blow falls: at a port's call, while the CLI runs, or when a twin sees something.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Entry } from '#local/journal.ts';
import type { Fate } from './blows.ts';
import { deal } from './blows.ts';
import type { Caught } from './line-server.ts';
import type { Place } from './point.ts';
import { isAt, parsePlace } from './point.ts';
import type { Trial } from './trial.ts';

export type Where =
  /** "after tasks.claim", "before call 17". */
  | { at: string }
  /** The CLI has begun and waits; then, with `at`, the next call there. */
  | { inRun: true; at?: string; beatMs?: number }
  /** A twin's journal tells it, before whoever called has its answer. */
  | { seen: (entry: Entry) => boolean };

type Blow = { where: Where; fate: Fate; times?: number };

/** Follows the workers of a trial and strikes as often as `times` says (1), then lets them go. */
export const strikeDown = (trial: Trial, { where, fate, times = 1 }: Blow) => {
  const { house, state } = trial;
  let left = times;
  let later: (() => Promise<void>) | undefined;
  const strike = async (worker: Caught) => {
    left -= 1;
    await trial.strike(async () => {
      later = await deal(fate, worker, house);
    });
    // a run that is to be stopped must not end by itself just then
    if (fate.startsWith('TERM')) void worker.gone.then(() => letRunGoOn(trial));
    else letRunGoOn(trial);
  };
  const catchRun = async (worker: Caught, runsBefore: number) => {
    while (house.cli.runsOf(trial.id).length <= runsBefore && !worker.isGone()) await wait(10);
    if (left > 0 && !worker.isGone()) await strike(worker);
  };
  const place = 'at' in where && where.at !== undefined ? parsePlace(where.at) : undefined;
  let isInRun = !('inRun' in where);
  house.line.follow({
    onWorker: (worker) => {
      state.worker = worker;
      return Promise.resolve({ isWatched: true, beatMs: ('inRun' in where && where.beatMs) || null });
    },
    onPoint: async (point, worker) => {
      if (later) return await later();
      if (left === 0) return;
      if (isInRun && place && isAt(place, point)) return await strike(worker);
      if (isInRun || !isAt(runBegins, point)) return;
      isInRun = place !== undefined;
      // not awaited: it is the CLI that has to begin
      if (!place) void catchRun(worker, house.cli.runsOf(trial.id).length);
    },
  });
  if (!('seen' in where)) return () => {};
  return house.journal.listen((entry) => {
    const { worker } = state;
    if (left === 0 || !worker || worker.isGone() || !where.seen(entry)) return;
    // at once: in a moment the answer is on its way
    if (fate === 'KILL') process.kill(worker.pid, 'SIGKILL');
    void strike(worker);
  });
};

const runBegins: Place = { when: 'after', call: 'runs.start' };

const gate = (trial: Trial) => join(trial.house.cli.notes, `${trial.id.replaceAll(/\W/g, '-')}.go`);

/** A line for the CLI: it waits in its run until somebody opens the gate. */
export const waitAtGate = (trial: Trial) => `do: until [ -e ${gate(trial)} ]; do sleep 0.02; done`;

export const letRunGoOn = (trial: Trial) => writeFileSync(gate(trial), '');

/** The CLI has written down its first run for this trial. */
export const runBegan = async (trial: Trial) => {
  const endsAt = performance.now() + 20_000;
  while (trial.house.cli.runsOf(trial.id).length === 0 && performance.now() < endsAt) await wait(20);
};
