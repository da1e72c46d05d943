// Asynchronous invocations: answered at once, run later, tried three times as Lambda does.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
import { setTimeout as wait } from 'node:timers/promises';
import type { Journal } from '#local/journal.ts';
import type { Run } from './invoke-api.ts';

type Deps = { find: (name: string) => Run | undefined; journal: Journal; retryDelaysMs: readonly number[] };

export const createEventQueue = ({ find, journal, retryDelaysMs }: Deps) => {
  const closing = new AbortController();
  const events = new Set<Promise<void>>();

  const run = async (name: string, payload: string) => {
    for (const delayMs of [0, ...retryDelaysMs]) {
      await wait(delayMs, undefined, { signal: closing.signal });
      if ((await find(name)?.(payload))?.kind === 'answered') return;
    }
    journal.record({ twin: 'lambda', call: `${name} event dropped`, status: 500, detail: { payload } });
  };
  return {
    enqueue: (name: string, payload: string) => {
      const event = run(name, payload)
        .catch(() => {}) // aborted: the house closes, and what is queued in memory goes with it
        .finally(() => events.delete(event));
      events.add(event);
    },
    close: async () => {
      closing.abort();
      await Promise.all(events);
    },
  };
};
