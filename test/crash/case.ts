// What a case is, and the usual one: a request that becomes a pull request, whatever happens on the way.
import type { Expected } from './gather.ts';
import type { Trial } from './trial.ts';

export type Case = {
  /** Unique; what --only looks for. */
  id: string;
  group: string;
  title: string;
  isQuick: boolean;
  /** Does everything up to the end of all tasks. A reason instead of an end says why it cannot be shown here. */
  run: (trial: Trial) => Promise<Expected | { notHere: string }>;
};

export const aChange = 'do: echo hello > note.txt\nsay: I wrote a note.';
export const aPullRequest: Expected = { tasks: ['succeeded'] };

export const askAndWait = async (trial: Trial, text = aChange): Promise<Expected> => {
  const number = await trial.openThread();
  await trial.ask({ number, text });
  await trial.untilDone();
  return aPullRequest;
};
