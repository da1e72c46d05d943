// What the end of the CLI means: one state for every way in which it can end.
import type { FailureClass } from '#core/failure.ts';
import { failureOfError } from './failure.ts';
import type { ClaudeResult, ClaudeStream } from './stream.ts';

export type ClaudeEnd =
  | { kind: 'succeeded'; answer: string; turns: number; sessionId: string }
  | { kind: 'failed'; reason: 'agent_error' | 'model_error'; detail: string; turns: number }
  /** In the middle of the work: with the model's last words. */
  | { kind: 'failed'; reason: 'over_budget'; detail: string; said: string; turns: number }
  /** By something that the request has no part in: another try may do. */
  | { kind: 'hindered'; failure: FailureClass; detail: string; turns: number }
  | { kind: 'timed_out'; why: 'idle' | 'deadline'; afterMs: number; turns: number }
  /** The caller's signal ended it. */
  | { kind: 'aborted'; turns: number };

/** What made us end it before its time. */
export type Stopped =
  | { why: 'idle' | 'deadline'; afterMs: number }
  | { why: 'aborted' }
  /** It had said its result and did not go. */
  | { why: 'lingered' }
  | { why: 'overuse'; failure: FailureClass; detail: string };

/** How the gateway saw the last call of the model; `unclear` leaves the word to the CLI. */
export type ModelView = 'well' | 'unclear' | FailureClass;

type Judged = {
  exit: { code: number | null; signal: string | null };
  stream: ClaudeStream;
  sessionId: string;
  stopped?: Stopped | undefined;
  /** The gateway refused a request because the money was spent. */
  isOverBudget?: boolean;
  model?: ModelView;
  stderr?: string;
};

/**
 * Success is all four: exit code 0, subtype `success`, `is_error` false, terminal reason `completed`; exit 0 alone is also
 * what an interrupted run gives, and `success` alone what a refused key gives. The last result counts: the CLI prints one
 * for every turn that a message or a finished background task began, and its exit code belongs to the last.
 */
export const judge = (judged: Judged): ClaudeEnd => {
  const { exit, stream, sessionId, stopped, isOverBudget, stderr = '' } = judged;
  const { result, turns } = stream;
  if (stopped && stopped.why !== 'lingered') return toStopped(stopped, turns);
  const isLingering = stopped !== undefined; // how it ended then is our doing
  if (result && isSuccess(result) && (exit.code === 0 || isLingering)) {
    return { kind: 'succeeded', answer: result.result, turns, sessionId };
  }
  const { said } = stream;
  if (isOverBudget)
    return { kind: 'failed', reason: 'over_budget', detail: 'the budget is spent', said, turns };
  // the kernel's way, when memory is short: nobody else that we know of sends it
  if (exit.signal === 'SIGKILL' && !isLingering) {
    return { kind: 'hindered', failure: 'out_of_memory', detail: `the CLI was ${ending(exit)}`, turns };
  }
  if (!result) {
    return { kind: 'failed', reason: 'agent_error', detail: noResult(exit, stream, stderr), turns };
  }
  return { ...failureOf(result, judged), turns };
};

const toStopped = (stopped: Exclude<Stopped, { why: 'lingered' }>, turns: number): ClaudeEnd => {
  switch (stopped.why) {
    case 'aborted':
      return { kind: 'aborted', turns };
    case 'overuse':
      return { kind: 'hindered', failure: stopped.failure, detail: stopped.detail, turns };
    case 'idle':
    case 'deadline':
      return { kind: 'timed_out', why: stopped.why, afterMs: stopped.afterMs, turns };
  }
};

const isSuccess = ({ subtype, is_error, terminal_reason }: ClaudeResult) =>
  subtype === 'success' && !is_error && terminal_reason === 'completed';

type Failure =
  | { kind: 'failed'; reason: 'agent_error' | 'model_error'; detail: string }
  | { kind: 'failed'; reason: 'over_budget'; detail: string; said: string }
  | { kind: 'hindered'; failure: FailureClass; detail: string };

const maxDetail = 500;

const failureOf = (result: ClaudeResult, { exit, stream, model }: Judged): Failure => {
  const said = (result.errors?.join('; ') ?? result.result).slice(0, maxDetail);
  switch (result.terminal_reason) {
    case 'budget_exhausted':
      return { kind: 'failed', reason: 'over_budget', detail: said, said: stream.said };
    case 'api_error':
    case 'prompt_too_long': {
      const detail = `${result.api_error_status ? `status ${result.api_error_status}: ` : ''}${said}`;
      const failure = failureOfModel(stream, model);
      return failure
        ? { kind: 'hindered', failure, detail }
        : { kind: 'failed', reason: 'model_error', detail };
    }
    default: {
      const why = `${result.subtype}, ${result.terminal_reason ?? 'no reason given'}, ${ending(exit)}`;
      return { kind: 'failed', reason: 'agent_error', detail: said ? `${said} (${why})` : why };
    }
  }
};

/** The gateway knows better: an error of which it saw nothing is one that the stream made up. */
const failureOfModel = ({ error }: ClaudeStream, model: ModelView = 'unclear'): FailureClass | undefined => {
  if (model === 'well') return undefined;
  if (model !== 'unclear') return model;
  return error && failureOfError(error);
};

const noResult = (exit: Judged['exit'], { cutLines }: ClaudeStream, stderr: string): string => {
  const cut = cutLines > 0 ? `; ${cutLines} of its lines were too long to read` : '';
  const said = stderr.trim() === '' ? '' : `: ${stderr.trim().slice(-maxDetail)}`;
  return `the CLI ended without a result (${ending(exit)}${cut})${said}`;
};

const ending = ({ code, signal }: Judged['exit']) => (signal ? `ended by ${signal}` : `exit code ${code}`);
