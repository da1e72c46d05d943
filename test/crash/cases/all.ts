import type { Case } from '../case.ts';
import { callCases } from './calls.ts';
import { doorCases } from './door.ts';
import { pointCases } from './points.ts';
import { syscallCases } from './syscalls.ts';
import { threadCases } from './threads.ts';

/** Every case there is; how many calls a worker makes is counted first. */
export const allCases = (calls: number): Case[] => [
  ...pointCases,
  ...doorCases,
  ...threadCases,
  ...callCases(calls),
  ...syscallCases,
];
