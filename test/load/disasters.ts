// What goes wrong meanwhile: workers are killed, one after the other, and Postgres is cut down once.
import { setTimeout as wait } from 'node:timers/promises';
import type { LoadHouse } from './load-house.ts';

type Options = { kills: number; killEveryMs: number; cutDownAfterMs: number };

export const startDisasters = (house: LoadHouse, { kills, killEveryMs, cutDownAfterMs }: Options) => {
  const over = new AbortController();
  const { signal } = over;
  const counts = { kills: 0, restarts: 0 };
  const orphans = new Set<string>();
  const killing = async () => {
    while (counts.kills < kills) {
      await wait(killEveryMs, undefined, { signal });
      const worker = await aWorker(house, signal);
      for (const token of house.github.liveTokens()) orphans.add(token);
      process.kill(worker.pid, 'SIGKILL');
      await worker.gone;
      counts.kills += 1;
    }
  };
  const cutting = async () => {
    await wait(cutDownAfterMs, undefined, { signal });
    await house.mortal.cutDown();
    await house.mortal.getUp();
    counts.restarts += 1;
  };
  const both = Promise.allSettled([killing(), cutting()]);
  return {
    counts,
    /** Tokens that live although their holders ended by themselves. */
    leftoverTokens: () => house.github.liveTokens().filter((token) => !orphans.has(token)),
    /** A Postgres that is down is still started again. */
    end: async () => {
      over.abort();
      for (const { reason } of (await both).filter((one) => one.status === 'rejected'))
        if (!signal.aborted || !isAbort(reason)) throw reason;
    },
  };
};

const isAbort = (error: unknown) => error instanceof Error && error.name === 'AbortError';

/** The oldest that lives: the most may have happened to it. */
const aWorker = async ({ workers }: LoadHouse, signal: AbortSignal) => {
  for (;;) {
    const [worker] = workers.living();
    if (worker) return worker;
    await wait(20, undefined, { signal });
  }
};
