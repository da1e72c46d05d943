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

/** What the CLI says in place of the model when a call of it failed. */
const errorSchema = z.object({
  type: z.literal('assistant'),
  error: z.string(),
  api_error_status: z.number().nullish().catch(null),
});
export type ClaudeError = { kind: string; status: number | null };

/** The last result, the turns of all of them, the last error of the model, and how many lines were longer than allowed. */
export type ClaudeStream = {
  result: ClaudeResult | undefined;
  turns: number;
  error: ClaudeError | undefined;
  /** The model's last words that came before a result, or without one. */
  said: string;
  cutLines: number;
};

const wordsSchema = z.object({
  type: z.literal('assistant'),
  message: z.object({ content: z.array(z.looseObject({ text: z.string().optional().catch(undefined) })) }),
});

const wordsIn = (event: ClaudeEvent): string | undefined =>
  wordsSchema
    .safeParse(event)
    .data?.message.content.map(({ text }) => text)
    .findLast((text) => text);

type ReadOptions = { onEvent: (event: ClaudeEvent) => void; maxLineBytes?: number };

/** What the model or a tool can say at most is smaller by far. */
const defaultMaxLineBytes = 16 * 1024 * 1024;

/**
 * Reads to the stream's end. A line that is no JSON object with a type is noise; a longer one than allowed is dropped
 * and counted; the last one needs no newline.
 */
export const readClaudeStream = async (
  stdout: Readable,
  { onEvent, maxLineBytes = defaultMaxLineBytes }: ReadOptions,
): Promise<ClaudeStream> => {
  const stream: ClaudeStream = { result: undefined, turns: 0, error: undefined, said: '', cutLines: 0 };
  const take = (line: Line) => {
    if (line.isCut) stream.cutLines += 1;
    const event = line.isCut ? undefined : parse(line.bytes);
    if (!event) return;
    if (event.type === 'result') {
      stream.result = resultSchema.parse(event);
      stream.turns += stream.result.num_turns;
    }
    const failed = event.type === 'assistant' ? errorSchema.safeParse(event).data : undefined;
    if (failed) stream.error = { kind: failed.error, status: failed.api_error_status ?? null };
    else stream.said = wordsIn(event) ?? stream.said;
    onEvent(event);
  };

  const lines = createLines(maxLineBytes);
  for await (const chunk of untilClosed(stdout)) for (const line of lines.push(chunk)) take(line);
  for (const line of lines.end()) take(line);
  return stream;
};

const parse = (bytes: Buffer): ClaudeEvent | undefined => {
  if (!isObject(bytes)) return undefined; // noise costs no more than a look: an exception for each line is slow
  try {
    return eventSchema.safeParse(JSON.parse(bytes.toString('utf8'))).data;
  } catch {
    return undefined; // noise: warnings of the runtime, half a line after a kill
  }
};

/** By its ends. */
const isObject = (bytes: Buffer): boolean =>
  bytes[0] === 0x7b && (bytes.at(-1) === 0x7d || (bytes.at(-1) === 0x0d && bytes.at(-2) === 0x7d));

/** Its bytes are good until the next line is asked for. */
type Line = { isCut: false; bytes: Buffer } | { isCut: true };

/** Every byte is looked at once, however the lines are cut into chunks; a byte that comes alone takes no more than a byte. */
const createLines = (maxLineBytes: number) => {
  let held = Buffer.alloc(0);
  let sizeBytes = 0;
  const add = (part: Buffer) => {
    if (sizeBytes + part.length <= maxLineBytes) {
      if (sizeBytes + part.length > held.length) held = grown(held, sizeBytes + part.length);
      part.copy(held, sizeBytes);
    } else held = Buffer.alloc(0);
    sizeBytes += part.length;
  };
  const finish = (): Line => {
    const line: Line =
      sizeBytes > maxLineBytes ? { isCut: true } : { isCut: false, bytes: held.subarray(0, sizeBytes) };
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

/** Twice as large as needed, so that growing costs no more than the bytes that come. */
const grown = (held: Buffer, neededBytes: number): Buffer<ArrayBuffer> => {
  const larger = Buffer.allocUnsafe(2 * neededBytes);
  held.copy(larger);
  return larger;
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
