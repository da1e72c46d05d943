// A stop after which the work so far is saved has to be answered slower than others: the saving needs a signal of its own.
import { isSaved } from '#worker/lease/stopped.ts';

export type SavingTime = {
  /** Aborted with every stop, but after one that leaves time to save only when that time is over. */
  signal: AbortSignal;
  /** Such a stop has come. */
  isSaving: () => boolean;
  close: () => void;
};

export const createSavingTime = (signal: AbortSignal, savingMs: number): SavingTime => {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const isSaving = () => signal.aborted && isSaved(signal.reason);
  const onAbort = () => {
    if (!isSaving()) return over.abort(signal.reason);
    timer = setTimeout(() => over.abort(signal.reason), savingMs);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  return {
    signal: over.signal,
    isSaving,
    close: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    },
  };
};
