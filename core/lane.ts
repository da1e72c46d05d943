// Which lane a request takes, and which lane a worker asks first.
import type { Command, Lane } from './task.ts';
import { lanes } from './task.ts';

const laneByCommand: { [C in Command]: Lane } = {
  stop: 'high',
  status: 'high',
  help: 'high',
  approve: 'high',
  reject: 'high',
  why: 'high',
  'run-ci': 'high',
  analyze: 'normal',
  plan: 'normal',
  fix: 'normal',
  review: 'normal',
  retry: 'normal',
  ask: 'normal',
  discover: 'low',
  improve: 'low',
};

/** A thread's lane is that of its first open task. */
export const laneOf = (command: Command): Lane => laneByCommand[command];

export type LaneOrder = [Lane, ...Lane[]];

/**
 * The order in which the nth worker asks the lanes: those in which threads wait come first, and every fourth worker
 * prefers `low`, so that it goes on however much the others bring.
 */
export const laneOrder = (nth: number, waiting: ReadonlySet<Lane>): LaneOrder => {
  const preferred: LaneOrder = nth % 4 === 3 ? ['low', 'high', 'normal'] : [...lanes];
  const inOrder = [
    ...preferred.filter((lane) => waiting.has(lane)),
    ...preferred.filter((lane) => !waiting.has(lane)),
  ];
  // every lane is in exactly one of the two halves, so there is a first
  return inOrder as LaneOrder;
};
