// Why a run failed through no fault of the request, and what is done about each: the one table of second tries.
import * as z from 'zod';
import type { FailureReason } from './task.ts';

export const failureClasses = [
  'overloaded',
  'rate_limited',
  'unreachable',
  'auth',
  'billing',
  'model_gone',
  'out_of_memory',
  'disk_full',
] as const;
export const failureClassSchema = z.enum(failureClasses);
export type FailureClass = z.infer<typeof failureClassSchema>;

type Policy = {
  /** How long to wait before each further try; none left means that the task ends. */
  waitMinutes: readonly number[];
  reason: FailureReason;
  /** Nothing gets better until somebody looks: it is logged as an error. */
  needsOperator: boolean;
};

const policies: { [C in FailureClass]: Policy } = {
  // 529, 500 and their like: https://docs.anthropic.com/en/api/errors
  overloaded: { waitMinutes: [1, 5, 15, 30, 60], reason: 'model_error', needsOperator: false },
  rate_limited: { waitMinutes: [2, 10, 30, 60, 60], reason: 'model_error', needsOperator: false },
  unreachable: { waitMinutes: [1, 5, 15, 30, 60], reason: 'model_error', needsOperator: false },
  auth: { waitMinutes: [], reason: 'model_error', needsOperator: true },
  billing: { waitMinutes: [], reason: 'model_error', needsOperator: true },
  model_gone: { waitMinutes: [], reason: 'model_error', needsOperator: true },
  // another run may be lucky once: what the agent starts differs from run to run
  out_of_memory: { waitMinutes: [0], reason: 'out_of_memory', needsOperator: false },
  disk_full: { waitMinutes: [], reason: 'disk_full', needsOperator: false },
};

export type NextTry =
  | { kind: 'again'; afterMs: number; tries: number }
  | { kind: 'give_up'; reason: FailureReason; needsOperator: boolean };

/** What to do after the nth failure (1 for the first) of this class. */
export const nextTry = (failure: FailureClass, count: number): NextTry => {
  const { waitMinutes, ...end } = policies[failure];
  const minutes = waitMinutes[count - 1];
  return minutes === undefined
    ? { kind: 'give_up', ...end }
    : { kind: 'again', afterMs: minutes * 60_000, tries: waitMinutes.length + 1 };
};
