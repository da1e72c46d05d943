// When nothing goes on any more until time passes. Not the crash harness's: there one thread at a time waits for its inbox
// to be empty, and here messages stay in it behind one of their thread that failed, until its visibility is over.
import { setTimeout as wait } from 'node:timers/promises';
import type { Journal } from '#local/journal.ts';

type Deps = { journal: Journal; hasWorkers: () => boolean };
type Options = { signal: AbortSignal; onWait: () => void };

/** Nothing changes in the house without a call, and whoever polls the inbox does so every second. */
const quietMs = 1_500;
const lookEveryMs = 200;

export const createRest =
  ({ journal, hasWorkers }: Deps) =>
  async ({ signal, onWait }: Options): Promise<void> => {
    let lastAt = performance.now();
    const stop = journal.listen(() => {
      lastAt = performance.now();
    });
    try {
      while (hasWorkers() || performance.now() - lastAt < quietMs) {
        onWait();
        await wait(lookEveryMs, undefined, { signal });
      }
    } finally {
      stop();
    }
  };
