// Threads: what waits behind a task that is struck down, what is stopped, what waits for the model.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Case } from '#test/crash/case.ts';
import { aChange } from '#test/crash/case.ts';
import { letRunGoOn, runBegan, strikeDown, waitAtGate } from '#test/crash/strike.ts';
import type { Trial } from '#test/crash/trial.ts';

const ourComments = ({ house, threads }: Trial) =>
  (house.github.repository(house.demo.repository).issues.get(threads[0] ?? 0)?.comments ?? []).filter(
    ({ user }) => user.type === 'Bot',
  );

const taskCount = async (trial: Trial, count: number) => {
  const endsAt = performance.now() + 20_000;
  while ((await trial.tasks()).length < count && performance.now() < endsAt) await wait(20);
};

/** Two requests on one thread, both known before the first goes on; then it is struck down. */
const order = (id: string, title: string, at?: string): Case => ({
  id,
  group: 'FIFO',
  title,
  isQuick: true,
  run: async (trial) => {
    strikeDown(trial, { where: at === undefined ? { inRun: true } : { at }, fate: 'KILL' });
    const number = await trial.openThread();
    await trial.ask({ number, text: `${waitAtGate(trial)}\n${aChange}` });
    await trial.ask({ number, text: aChange });
    await taskCount(trial, 2);
    if (at !== undefined) letRunGoOn(trial);
    await trial.untilDone();
    // the second comes after the first one's end has rung for it
    return { tasks: ['succeeded', 'succeeded'], moreRounds: 1 };
  },
});

const place: Case = {
  id: 'FIFO place',
  group: 'FIFO',
  title: 'a follow-up waits and is told its place',
  isQuick: true,
  run: async (trial) => {
    const number = await trial.openThread();
    await trial.ask({ number, text: `${waitAtGate(trial)}\n${aChange}` });
    await runBegan(trial);
    const triaged = trial.house.journal.entries().length;
    await trial.ask({ number, text: aChange });
    await trial.house.journal.waitFor(
      (entry) => entry.twin === 'event-source' && trial.house.journal.entries().indexOf(entry) >= triaged,
    );
    const told = ourComments(trial).some(({ body }) => body.includes('yours comes next'));
    letRunGoOn(trial);
    if (!told) throw new Error('nobody told the follow-up its place');
    await trial.untilDone();
    return { tasks: ['succeeded', 'succeeded'], moreRounds: 1 };
  },
};

const stop = (id: string, title: string, at: string | undefined): Case => ({
  id,
  group: 'STOP',
  title,
  isQuick: true,
  run: async (trial) => {
    const number = await trial.openThread();
    await trial.ask({ number, text: `${waitAtGate(trial)}\n${aChange}` });
    await runBegan(trial);
    if (at !== undefined) strikeDown(trial, { where: { at }, fate: 'KILL' });
    await trial.ask({ number, command: 'stop' });
    await trial.untilDone();
    return { tasks: ['cancelled', 'succeeded'], moreRounds: 0 };
  },
});

const overloaded = (id: string, title: string, at?: string): Case => ({
  id: `WAIT ${id}`,
  group: 'WAIT',
  title,
  isQuick: true,
  run: async (trial) => {
    const number = await trial.openThread();
    // the gateway's word counts, so the provider says it too
    const fault = { kind: 'answer', status: 529 } as const;
    trial.house.faults.inject({ call: /^POST \/v1\/messages$/, fault });
    const once = join(trial.house.cli.notes, 'overloaded');
    writeFileSync(once, '');
    const give = `do: if rm ${once} 2>/dev/null; then cat ${overload}; exit 1; fi`;
    if (at !== undefined) strikeDown(trial, { where: { at }, fate: 'KILL' });
    await trial.ask({ number, text: `${give}\n${aChange}` });
    await trial.rest();
    const [task] = await trial.tasks();
    if (at === undefined && task?.status !== 'waiting')
      throw new Error(`the task is ${task?.status}, it does not wait for the model`);
    await trial.untilDone();
    return { tasks: ['succeeded'], moreRounds: 3, moreRuns: 1 };
  },
});

const overload = new URL('../../fixtures/claude-stream/api-error-529-maxretries2.jsonl', import.meta.url)
  .pathname;

export const threadCases: readonly Case[] = [
  order('FIFO run', 'two requests on a thread, the first is killed in its run'),
  order('FIFO end', 'two requests on a thread, the first is killed at its end', 'after tasks.finish'),
  order('FIFO ring', 'two requests on a thread, the ring for the second is lost', 'after tasks.nextOpen'),
  place,
  stop('STOP', 'a stop in the middle of a run', undefined),
  stop('STOP kill', 'a stop, and the worker is killed before it is stored', 'before tasks.advance'),
  stop('STOP told', 'a stop, and the worker is killed after it was told', 'after steps.report'),
  overloaded('model', 'an overloaded model: the task waits and is rung'),
  overloaded('kill', 'an overloaded model, and the worker is killed as it steps aside', 'before tasks.wait'),
];
