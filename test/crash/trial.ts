// One case in the crash house: what is asked on its threads, who is struck down where, and time passing until all is done.
import { setTimeout as wait } from 'node:timers/promises';
import type { CrashHouse } from './crash-house.ts';
import { enoughSeconds } from './crash-house.ts';
import type { Caught } from './line-server.ts';
import { letGo } from './line-server.ts';

export type Request = {
  number: number;
  /** Lines for the stand-in CLI. */
  text?: string;
  command?: string;
};

/** A blow that was dealt. */
export type Blow = {
  /** Per task: whether its run was already in the bucket, and how often the CLI had run. */
  isPaid: boolean;
  runsBefore: number;
};

export type Trial = ReturnType<typeof createTrial>;

/** A round is `enoughSeconds` and a look of reconcile. */
const mostRounds = 8;

export const createTrial = (house: CrashHouse, id: string) => {
  const from = {
    journal: house.journal.entries().length,
    seen: house.line.seen().length,
    logs: house.logs.length,
    at: Date.now(),
  };
  const threads: number[] = [];
  const blows: Blow[] = [];
  /** What senders beside GitHub were answered. */
  const answers: { guid: string; status: number; ms: number }[] = [];
  const state = { rounds: 0, worker: undefined as Caught | undefined, blowing: Promise.resolve() };
  const { repository, writer: login } = house.demo;

  const openThread = async () => {
    const { number, delivered } = house.github.openIssue({ repository, login, title: id });
    threads.push(number);
    await delivered;
    return number;
  };
  /** Gives GitHub's record of the webhook, whatever its answer was. */
  const ask = async ({ number, text = '', command = 'fix' }: Request) => {
    const body = [`@agent ${command} it`, `case: ${id}`, text].filter(Boolean).join('\n');
    const { delivered } = house.github.comment({ repository, number, login, body });
    const delivery = await delivered;
    if (!delivery) throw new Error('GitHub sent no webhook');
    return delivery;
  };
  const tasks = () => tasksOf(house, threads);
  const strike = (blow: () => Promise<unknown> | void) => {
    const struck = (async () => {
      const open = (await tasks()).find(({ isFinal }) => !isFinal);
      const isPaid = open !== undefined && (isRunOver(house, open.id) || (await isRunStored(house, open.id)));
      blows.push({ isPaid, runsBefore: house.cli.runsOf(id).length });
      house.tokens.orphan();
      await blow();
    })();
    state.blowing = struck;
    return struck;
  };
  const rest = async () => {
    await house.rest();
    await state.blowing;
    await house.rest();
  };
  /** Lets time pass until every task has ended, or nothing helps. */
  const untilDone = async () => {
    await rest();
    while ((await tasks()).some(({ isFinal }) => !isFinal) && state.rounds < mostRounds) {
      state.rounds += 1;
      await house.pass(enoughSeconds);
      await house.tick();
      await rest();
    }
    house.faults.clear();
    await emptyLanes(house);
    await house.pass(enoughSeconds); // a worker that was killed when it had ended counts as one for two minutes
    await house.tick(); // settles the money of runs that nobody holds any more
    await house.rest();
  };
  const mustHaveStruck = () => {
    if (blows.length === 0) throw new Error('the blow did not fall');
  };
  return {
    id,
    house,
    threads,
    blows,
    answers,
    state,
    from,
    openThread,
    ask,
    tasks,
    strike,
    mustHaveStruck,
    rest,
    untilDone,
  };
};

/** What a blow left in the lanes comes again, to a worker that finds nothing to do for it. */
const emptyLanes = async (house: CrashHouse) => {
  if ((await countInLanes(house)) === 0) return house.line.follow(letGo);
  let worker: Caught | undefined;
  const counted = { ...letGo, onWorker: (started: Caught) => letGo.onWorker((worker = started)) };
  house.line.follow(counted);
  await house.pass(enoughSeconds);
  await house.launchWorker();
  await waitFor(async () => (await countInLanes(house)) === 0 || worker?.isGone() === true);
  if (worker && !worker.isGone()) process.kill(worker.pid, 'SIGTERM');
  house.endPolls();
  await house.rest();
  house.line.follow(letGo);
};

export const countInLanes = async ({ queues }: CrashHouse): Promise<number> =>
  Object.entries(await queues.depths())
    .filter(([name]) => name !== 'inbox.fifo')
    .reduce((sum, [, { waiting, inFlight }]) => sum + waiting + inFlight, 0);

const waitFor = async (isSo: () => Promise<boolean>) => {
  const endsAt = performance.now() + 10_000;
  while (!(await isSo()) && performance.now() < endsAt) await wait(20);
};

export type TaskRow = {
  id: string;
  number: number;
  status: string;
  step: string;
  isFinal: boolean;
  command: string;
  outcome: { status: string; result?: { kind: string; url?: string } } | null;
};

const tasksOf = async ({ query, demo }: CrashHouse, threads: readonly number[]) =>
  (await query(
    `select id, (thread->>'number')::int as number, status, step, finished_at is not null as "isFinal",
            request->>'command' as command, outcome
     from tasks where thread->>'repository' = $1 and (thread->>'number')::int = any($2) order by seq`,
    [demo.repository, threads],
  )) as TaskRow[]; // the columns above

/** Its step is done; whatever was not stored by now never will be. */
const isRunOver = ({ line }: CrashHouse, taskId: string): boolean =>
  line.seen().some(({ call, task }) => call === 'tasks.advance ran' && task === taskId);

/** The run's end is in the bucket: from here on nobody pays again. */
const isRunStored = async ({ queues, surroundings }: CrashHouse, taskId: string): Promise<boolean> => {
  const url = `${queues.endpoints.s3}/${surroundings.bucket}/tasks/${taskId}/run.json`;
  return (await fetch(url, { method: 'HEAD' }).catch(() => undefined))?.status === 200;
};
