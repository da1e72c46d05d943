import type { Case } from '#test/crash/case.ts';
import { callCases } from './calls.ts';
import { doorCases } from './door.ts';
import { intentCases } from './intents.ts';
import { pointCases } from './points.ts';
import { realCases } from './real.ts';
import { syscallCases } from './syscalls.ts';
import { threadCases } from './threads.ts';
import { zombieCases } from './zombies.ts';

/** Every case there is; how many calls a worker makes is counted first. */
export const allCases = (calls: number): Case[] => [
  ...pointCases,
  ...doorCases,
  ...threadCases,
  ...zombieCases,
  ...intentCases,
  ...callCases(calls),
  ...syscallCases,
  ...realCases,
];
