// FIFO-2: a worker that stands still so long that another takes its task, and then goes on as if nothing had been.
import { setTimeout as wait } from 'node:timers/promises';
import type { Case } from '#test/crash/case.ts';
import { aChange, aPullRequest } from '#test/crash/case.ts';
import { enoughSeconds } from '#test/crash/crash-house.ts';
import type { Caught } from '#test/crash/line-server.ts';
import { letGo } from '#test/crash/line-server.ts';
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

type Zombie = { title: string; at: string };

const zombie = (id: string, { title, at }: Zombie): Case => ({
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
    return aPullRequest;
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

/** Stops the first worker's process when GitHub has answered a call of it, before it has the answer. */
const stopAfter = (trial: Trial, call: RegExp) => {
  const { house } = trial;
  const stopped = Promise.withResolvers<Caught>();
  let worker: Caught | undefined;
  house.line.follow({
    ...letGo,
    onWorker: (started) => {
      worker ??= started;
      return letGo.onWorker(started);
    },
  });
  const stopListening = house.journal.listen((entry) => {
    if (!worker || !call.test(entry.call)) return;
    stopListening();
    process.kill(worker.pid, 'SIGSTOP');
    stopped.resolve(worker);
  });
  return stopped.promise;
};

/** Gives what ends the waiting: a worker whose look timed out as it stood still looks again, and then does not write. */
const killAfter = ({ house }: Trial, worker: Caught, call: RegExp) => {
  const stopListening = house.journal.listen((entry) => {
    if (!call.test(entry.call)) return;
    stopListening();
    process.kill(worker.pid, 'SIGKILL');
  });
  return stopListening;
};

type Still = { title: string; look: RegExp; dies?: { after: RegExp; gap: RegExp } };

/** GitHub takes no condition on a write: a look at what stands there and the write are two calls. */
const still = (id: string, { title, look, dies }: Still): Case => ({
  id: `FIFO-2${id}`,
  group: 'FIFO-2',
  title: `a worker stands still ${title}`,
  isQuick: true,
  run: async (trial) => {
    const stopped = stopAfter(trial, look);
    const number = await trial.openThread();
    await trial.ask({ number, text: aChange });
    const worker = await stopped;
    await trial.strike(() => {});
    await trial.house.pass(enoughSeconds);
    await trial.house.tick();
    await untilFinal(trial);
    const stopWaiting = dies && killAfter(trial, worker, dies.after);
    process.kill(worker.pid, 'SIGCONT');
    await trial.untilDone();
    stopWaiting?.();
    return { ...aPullRequest, ...(dies && { gap: dies.gap }) };
  },
});

const lookAtComment = /^GET .*\/issues\/comments\/\d+$/;
const lookForComment = /^GET .*\/issues\/\d+\/comments/;
const lateEdit = /^I2 nothing twice: the comment of \S+ does not tell /;
const lateComment = /^I2 nothing twice: task \S+ has 2 comments$/;

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
  zombie('h', { title: 'between the fence and its comment', at: 'before github.say' }),
  still('k', { title: 'between its look at the comment and its edit', look: lookAtComment }),
  still('l', { title: 'between its look for a comment and its own', look: lookForComment }),
  still('m', {
    title: 'between its look at the comment and its edit, and dies of that',
    look: lookAtComment,
    dies: { after: /^PATCH .*\/issues\/comments\/\d+$/, gap: lateEdit },
  }),
  still('n', {
    title: 'between its look for a comment and its own, and dies of that',
    look: lookForComment,
    dies: { after: /^POST .*\/issues\/\d+\/comments$/, gap: lateComment },
  }),
];
