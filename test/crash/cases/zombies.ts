// FIFO-2: a worker that stands still so long that another takes its task, and then goes on as if nothing had been.
import { setTimeout as wait } from 'node:timers/promises';
import type { Case } from '#test/crash/case.ts';
import { aChange, aPullRequest } from '#test/crash/case.ts';
import { enoughSeconds } from '#test/crash/crash-house.ts';
import type { Caught } from '#test/crash/line-server.ts';
import { isAt, parsePlace } from '#test/crash/point.ts';
import { letRunGoOn, runBegan, waitAtGate } from '#test/crash/strike.ts';
import type { Trial } from '#test/crash/trial.ts';

/** Holds the first worker that comes there until it is let go. */
const holdAt = (trial: Trial, at: string) => {
  const place = parsePlace(at);
  const held = Promise.withResolvers<Caught>();
  const release = Promise.withResolvers<void>();
  let isHeld = false;
  trial.house.line.follow({
    onWorker: () => Promise.resolve({ isWatched: true, beatMs: null }),
    onPoint: async (point, worker) => {
      if (isHeld || !isAt(place, point)) return;
      isHeld = true;
      held.resolve(worker);
      await release.promise;
    },
  });
  return { held: held.promise, release: release.resolve };
};

const untilFinal = async (trial: Trial) => {
  const endsAt = performance.now() + 30_000;
  while ((await trial.tasks()).some(({ isFinal }) => !isFinal) && performance.now() < endsAt) await wait(50);
};

type Zombie = { title: string; at: string; gap?: RegExp };

const zombie = (id: string, { title, at, gap }: Zombie): Case => ({
  id: `FIFO-2${id}`,
  group: 'FIFO-2',
  title: `a worker stands still ${title}`,
  isQuick: 'ceh'.includes(id),
  run: async (trial) => {
    const { held, release } = holdAt(trial, at);
    const number = await trial.openThread();
    await trial.ask({ number, text: aChange });
    await held;
    await trial.strike(() => {});
    await trial.house.pass(enoughSeconds);
    await trial.house.tick();
    await untilFinal(trial);
    release();
    await trial.untilDone();
    return { ...aPullRequest, ...(gap && { gap }) };
  },
});

/** It goes on while the other is in its run. */
const rival = (id: string, title: string, at: string): Case => ({
  id: `FIFO-2${id}`,
  group: 'FIFO-2',
  title: `a worker stands still ${title}, the other still runs`,
  isQuick: true,
  run: async (trial) => {
    const { held, release } = holdAt(trial, at);
    const number = await trial.openThread();
    await trial.ask({ number, text: `${waitAtGate(trial)}\n${aChange}` });
    const first = await held;
    await trial.strike(() => {});
    await trial.house.pass(enoughSeconds);
    await trial.house.tick();
    await runBegan(trial);
    release();
    await first.gone;
    letRunGoOn(trial);
    await trial.untilDone();
    return aPullRequest;
  },
});

/** GitHub knows no fence: what was asked for and what is written are two calls, and a moment lies between them. */
const lateEdit = /^I2 nothing twice: the comment of \S+ does not tell /;

export const zombieCases: readonly Case[] = [
  zombie('a', { title: 'after its claim', at: 'after tasks.claim' }),
  zombie('b', { title: 'after run.json', at: 'after blobs.put run.json' }),
  zombie('c', { title: 'after its push', at: 'after steps.push' }),
  zombie('d', { title: 'before the pull request', at: 'before github.openPullRequest' }),
  zombie('e', { title: 'before it tells the end', at: 'before steps.report' }),
  zombie('f', { title: 'before it stores the end', at: 'before tasks.finish' }),
  zombie('g', { title: 'before it acknowledges', at: 'before queue.acknowledge' }),
  rival('i', 'after its claim', 'after tasks.claim'),
  rival('j', "after 'cloned'", 'after tasks.advance cloned'),
  zombie('h', { title: 'between the fence and its comment', at: 'before github.say', gap: lateEdit }),
];
