// A stop after which the work so far is saved has to be answered slower than others: the saving needs a signal of its own.
import { StoppedError } from './stopped.ts';

export type Patience = {
  /** Aborted with every stop, but after one that leaves time to save only when that time is over. */
  signal: AbortSignal;
  /** Such a stop has come. */
  isSaving: () => boolean;
  close: () => void;
};

export const createPatience = (signal: AbortSignal, savingMs: number): Patience => {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const isSaving = () => signal.aborted && leavesTime(signal.reason);
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

/** The task is still ours: nobody else works on it yet. */
const leavesTime = (reason: unknown): boolean =>
  reason instanceof StoppedError && (reason.code === 'draining' || reason.code === 'frozen');
