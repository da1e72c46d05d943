// What the CLI prints (--output-format stream-json) and what it means. All of it is a claim of the agent's uid: money comes
// from the gateway, the session id is ours.
import type { Readable } from 'node:stream';
import * as z from 'zod';

/** One line of the stream. Unknown types and keys are let through: the CLI adds some with every release. */
const eventSchema = z.looseObject({ type: z.string(), subtype: z.string().optional().catch(undefined) });
export type ClaudeEvent = z.infer<typeof eventSchema>;

const broken = { type: 'result', subtype: 'unreadable', is_error: true, num_turns: 0, result: '' } as const;

/** A result that is not in this form is still a result: one that is no success. */
const resultSchema = z
  .object({
    type: z.literal('result'),
    subtype: z.string(),
    is_error: z.boolean(),
    terminal_reason: z.string().nullish(),
    num_turns: z.int().nonnegative().catch(0),
    result: z.string().catch(''),
    errors: z.array(z.string()).optional().catch(undefined),
    api_error_status: z.number().nullish().catch(null),
  })
  .catch(broken);
export type ClaudeResult = z.infer<typeof resultSchema>;

/** The last result, the turns of all of them, and how many lines were longer than allowed. */
export type ClaudeStream = { result: ClaudeResult | undefined; turns: number; cutLines: number };

export type ClaudeEnd =
  | { kind: 'succeeded'; answer: string; turns: number; sessionId: string }
  | {
      kind: 'failed';
      reason: 'agent_error' | 'model_error' | 'over_budget';
      detail: string;
      turns: number;
    }
  | { kind: 'timed_out'; why: 'idle' | 'deadline'; afterMs: number; turns: number }
  /** The caller's signal ended it. */
  | { kind: 'aborted'; turns: number };

type ReadOptions = { onEvent: (event: ClaudeEvent) => void; maxLineBytes?: number };

const fiftyMegabytes = 50 * 1024 * 1024;

/**
 * Reads to the stream's end. A line that is no JSON object with a type is noise; a longer one than allowed is dropped
 * and counted; the last one needs no newline.
 */
export const readClaudeStream = async (
  stdout: Readable,
  { onEvent, maxLineBytes = fiftyMegabytes }: ReadOptions,
): Promise<ClaudeStream> => {
  const stream: ClaudeStream = { result: undefined, turns: 0, cutLines: 0 };
  const take = (line: Line) => {
    if (line.isCut) stream.cutLines += 1;
    const event = line.isCut ? undefined : parse(line.text);
    if (!event) return;
    if (event.type === 'result') {
      stream.result = resultSchema.parse(event);
      stream.turns += stream.result.num_turns;
    }
    onEvent(event);
  };

  const lines = createLines(maxLineBytes);
  for await (const chunk of untilClosed(stdout)) for (const line of lines.push(chunk)) take(line);
  for (const line of lines.end()) take(line);
  return stream;
};

type Judged = {
  exit: { code: number | null; signal: string | null };
  stream: ClaudeStream;
  sessionId: string;
  /** What made us end it before its time. */
  stopped?: { why: 'idle' | 'deadline'; afterMs: number } | { why: 'aborted' } | undefined;
  /** The gateway refused a request because the money was spent. */
  isOverBudget?: boolean;
  stderr?: string;
};

/**
 * Success is all four: exit code 0, subtype `success`, `is_error` false, terminal reason `completed`; exit 0 alone is also
 * what an interrupted run gives, and `success` alone what a refused key gives. The last result counts: the CLI prints one
 * for every turn that a message or a finished background task began, and its exit code belongs to the last.
 */
export const judge = ({ exit, stream, sessionId, stopped, isOverBudget, stderr = '' }: Judged): ClaudeEnd => {
  const { result, turns } = stream;
  if (stopped) {
    return stopped.why === 'aborted' ? { kind: 'aborted', turns } : { kind: 'timed_out', ...stopped, turns };
  }
  const isSuccess =
    exit.code === 0 &&
    result?.subtype === 'success' &&
    !result.is_error &&
    result.terminal_reason === 'completed';
  if (isSuccess) return { kind: 'succeeded', answer: result.result, turns, sessionId };
  if (isOverBudget) return { kind: 'failed', reason: 'over_budget', detail: 'the budget is spent', turns };
  if (!result)
    return { kind: 'failed', reason: 'agent_error', detail: noResult(exit, stream, stderr), turns };
  return { kind: 'failed', ...failureOf(result, exit), turns };
};

type Failure = Pick<Extract<ClaudeEnd, { kind: 'failed' }>, 'reason' | 'detail'>;

const maxDetail = 500;

const failureOf = (result: ClaudeResult, exit: Judged['exit']): Failure => {
  const said = (result.errors?.join('; ') ?? result.result).slice(0, maxDetail);
  switch (result.terminal_reason) {
    case 'budget_exhausted':
      return { reason: 'over_budget', detail: said };
    case 'api_error':
    case 'prompt_too_long': {
      const status = result.api_error_status ? `status ${result.api_error_status}: ` : '';
      return { reason: 'model_error', detail: `${status}${said}` };
    }
    default: {
      const why = `${result.subtype}, ${result.terminal_reason ?? 'no reason given'}, ${ending(exit)}`;
      return { reason: 'agent_error', detail: said ? `${said} (${why})` : why };
    }
  }
};

const noResult = (exit: Judged['exit'], { cutLines }: ClaudeStream, stderr: string): string => {
  const cut = cutLines > 0 ? `; ${cutLines} of its lines were too long to read` : '';
  const said = stderr.trim() === '' ? '' : `: ${stderr.trim().slice(-maxDetail)}`;
  return `the CLI ended without a result (${ending(exit)}${cut})${said}`;
};

const ending = ({ code, signal }: Judged['exit']) => (signal ? `ended by ${signal}` : `exit code ${code}`);

const parse = (text: string): ClaudeEvent | undefined => {
  try {
    return eventSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // noise: warnings of the runtime, half a line after a kill
  }
};

type Line = { isCut: false; text: string } | { isCut: true };

/** Every byte is looked at once and copied once, however the lines are cut into chunks. */
const createLines = (maxLineBytes: number) => {
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  const add = (part: Buffer) => {
    sizeBytes += part.length;
    if (sizeBytes > maxLineBytes) parts = [];
    else parts.push(part);
  };
  const finish = (): Line => {
    const line: Line =
      sizeBytes > maxLineBytes
        ? { isCut: true }
        : { isCut: false, text: Buffer.concat(parts).toString('utf8') };
    parts = [];
    sizeBytes = 0;
    return line;
  };
  return {
    *push(chunk: Buffer): Generator<Line> {
      let start = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        add(chunk.subarray(start, end));
        start = end + 1;
        yield finish();
      }
      add(chunk.subarray(start));
    },
    *end(): Generator<Line> {
      if (sizeBytes > 0) yield finish();
    },
  };
};

/** A stream that was destroyed because somebody else held it open has ended for us. */
async function* untilClosed(stream: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield chunk as Buffer; // a pipe without an encoding gives buffers
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'))
      throw error;
  }
}
