// What a run has cost so far, told to the books while it goes on.
import { describeError } from '#core/describe-error.ts';
import type { Log } from '#core/ports/log.ts';

type Deps = { note: (usd: number) => Promise<unknown>; log: Log };

/** One note at a time; of those that come meanwhile only the last is written. A failure costs no run: the end settles. */
export const createSpendNotes = ({ note, log }: Deps) => {
  let latest: number | undefined;
  let writing: Promise<void> | undefined;
  const write = async () => {
    while (latest !== undefined) {
      const usd = latest;
      latest = undefined;
      await note(usd).catch((error: unknown) => log.warn('spend not noted', describeError(error)));
    }
    writing = undefined;
  };
  return {
    spent: (usd: number) => {
      latest = usd;
      writing ??= write();
    },
    /** Settles once every note is written. */
    written: async () => await writing,
  };
};
