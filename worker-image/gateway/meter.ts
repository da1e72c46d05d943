// Counts what a run used, from the provider's own answers.
import { StringDecoder } from 'node:string_decoder';
import * as z from 'zod';
import type { Usage } from '#core/task.ts';
import type { TokenCounts } from './pricing.ts';
import { costUsd, isPriced } from './pricing.ts';

const countSchema = z.int().nonnegative().optional().catch(undefined);

/** https://docs.anthropic.com/en/api/messages: the counts of message_delta are cumulative and replace those before. */
const usageSchema = z.object({
  input_tokens: countSchema,
  output_tokens: countSchema,
  cache_read_input_tokens: countSchema,
  cache_creation_input_tokens: countSchema,
  cache_creation: z
    .object({ ephemeral_5m_input_tokens: countSchema, ephemeral_1h_input_tokens: countSchema })
    .optional()
    .catch(undefined),
});
type ProviderUsage = z.infer<typeof usageSchema>;

const messageSchema = z.object({ model: z.string(), usage: usageSchema });
const eventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message_start'), message: messageSchema }),
  z.object({ type: z.literal('message_delta'), usage: usageSchema }),
]);

type Measured = { model: string; usage: ProviderUsage; isWhole: boolean };

/** The bytes of one answer, as they pass. */
export type AnswerMeter = { push: (chunk: Uint8Array) => void; end: () => void };
export type Meter = ReturnType<typeof createMeter>;
/** One answer while it comes. */
export type Measuring = ReturnType<Meter['begin']>;

export const createMeter = () => {
  const answers: Measured[] = [];

  /** A request goes out; until the answer says otherwise it is one to `model`. */
  const begin = (model: string) => {
    const measured: Measured = { model, usage: {}, isWhole: false };
    answers.push(measured);
    return {
      usage: () => sum([measured]),
      /** Of the whole conversation, from the cache or not. */
      inputTokens: () => {
        const { inputTokens, cacheReadTokens, cacheWriteTokens } = sum([measured]);
        return inputTokens + cacheReadTokens + cacheWriteTokens;
      },
      /** The answer came to the end of a message. */
      isWhole: () => measured.isWhole,
      /** An answer in the form that its content type names; other forms carry no usage. */
      read: (contentType: string): AnswerMeter => {
        if (contentType.startsWith('text/event-stream')) return readEvents(measured);
        return contentType.startsWith('application/json')
          ? readJson(measured)
          : { push: () => {}, end: () => {} };
      },
    };
  };
  return { begin, usage: (): Usage => sum(answers) };
};

const sum = (answers: readonly Measured[]): Usage => {
  const total = {
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    costUsd: 0,
    requests: answers.length,
  };
  for (const { model, usage } of answers) {
    const counts = toCounts(usage);
    total.inputTokens += counts.inputTokens;
    total.outputTokens += counts.outputTokens;
    total.cacheReadTokens += counts.cacheReadTokens;
    total.cacheWriteTokens += counts.cacheWrite5mTokens + counts.cacheWrite1hTokens;
    total.costUsd += costUsd(model, counts);
  }
  return total;
};

const toCounts = (usage: ProviderUsage): TokenCounts => {
  const oneHour = usage.cache_creation?.ephemeral_1h_input_tokens ?? 0;
  const fiveMinutes = usage.cache_creation?.ephemeral_5m_input_tokens ?? 0;
  return {
    inputTokens: usage.input_tokens ?? 0,
    outputTokens: usage.output_tokens ?? 0,
    cacheReadTokens: usage.cache_read_input_tokens ?? 0,
    // what is written without a lifetime has the default one
    cacheWrite5mTokens: Math.max(fiveMinutes, (usage.cache_creation_input_tokens ?? 0) - oneHour),
    cacheWrite1hTokens: oneHour,
  };
};

const merge = (measured: Measured, usage: ProviderUsage) => {
  const known = Object.entries(usage).filter(([, value]) => value !== undefined);
  measured.usage = { ...measured.usage, ...Object.fromEntries(known) };
};

/** A name without a price is another spelling of the one that was asked for. */
const name = (measured: Measured, model: string) => {
  if (isPriced(model)) measured.model = model;
};

/** Two events of a stream carry usage; both are small, so a longer line is none of them. */
const readEvents = (measured: Measured): AnswerMeter => {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const take = (line: string) => {
    if (!/^data:.*"message_(?:start|delta)"/.test(line)) return;
    const event = eventSchema.safeParse(jsonOf(line.slice('data:'.length))).data;
    if (event?.type === 'message_start') name(measured, event.message.model);
    if (event) merge(measured, event.type === 'message_start' ? event.message.usage : event.usage);
    if (event?.type === 'message_delta') measured.isWhole = true;
  };
  return {
    push: (chunk) => {
      const lines = (rest + decoder.write(Buffer.from(chunk))).split('\n');
      rest = (lines.pop() ?? '').slice(0, maxLineLength);
      lines.forEach(take);
    },
    end: () => take(rest),
  };
};

const readJson = (measured: Measured): AnswerMeter => {
  const chunks: Uint8Array[] = [];
  return {
    push: (chunk) => void chunks.push(chunk),
    end: () => {
      const message = messageSchema.safeParse(jsonOf(Buffer.concat(chunks).toString('utf8'))).data;
      if (!message) return; // an error: it costs nothing
      name(measured, message.model);
      merge(measured, message.usage);
      measured.isWhole = true;
    },
  };
};

const maxLineLength = 1024 * 1024;

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema refuses it
  }
};
