// Time passes until no task is open and no message left, or nothing helps.
import * as z from 'zod';
import { enoughSeconds } from '#test/crash/crash-house.ts';
import type { LoadHouse } from './load-house.ts';

/** What I9 explains, and some more: that there were too many is for it to say. */
const mostRounds = 6;

type Options = { signal: AbortSignal; onWait: () => void };

export const settle = async (house: LoadHouse, options: Options): Promise<{ rounds: number }> => {
  const state = { rounds: 0 };
  const rest = () => house.rest(options);
  await rest();
  for (; state.rounds < mostRounds && !(await isDone(house)); state.rounds += 1) {
    await house.pass(enoughSeconds);
    await house.tick();
    // a message that a dead worker held comes again, to a worker that finds nothing to do for it
    if ((await openTasks(house)) === 0 && (await messagesIn(house)) > 0) await house.launchWorker();
    await rest();
  }
  await house.tick(); // settles the money of runs that nobody holds any more
  return state;
};

const isDone = async (house: LoadHouse) => (await openTasks(house)) === 0 && (await messagesIn(house)) === 0;

const openTasks = async ({ query }: LoadHouse): Promise<number> => {
  const rows = await query('select count(*)::int as open from tasks where finished_at is null');
  return z.tuple([z.object({ open: z.int() })]).parse(rows)[0].open;
};

/** In all queues: the inbox, the lanes, the dead letters. */
export const messagesIn = async ({ queues }: LoadHouse): Promise<number> =>
  Object.values(await queues.depths()).reduce((sum, { waiting, inFlight }) => sum + waiting + inFlight, 0);
