// Whether a job is still ours: asked before every write to the outside, and at every beat.
import type { Hold } from '#core/job.ts';
import { StoppedError } from './stopped.ts';

/** The reason to stop that an answer gives; undefined for "go on". */
export const toStop = (hold: Hold): StoppedError | undefined => {
  switch (hold.kind) {
    case 'held':
      return undefined;
    case 'lost':
      return new StoppedError('lease_lost');
    case 'frozen':
      return new StoppedError('frozen');
    case 'stop':
      return new StoppedError('stop_asked', hold.by);
  }
};
