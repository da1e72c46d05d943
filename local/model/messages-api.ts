// The Messages API as the Claude CLI uses it: what a request holds and how a turn is streamed.
// https://docs.anthropic.com/en/api/messages and .../messages-streaming
import { randomBytes } from 'node:crypto';
import * as z from 'zod';

const blockSchema = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  id: z.string().optional(),
  name: z.string().optional(),
  input: z.unknown().optional(),
  tool_use_id: z.string().optional(),
  is_error: z.boolean().optional(),
  content: z.unknown().optional(),
});
export type Block = z.infer<typeof blockSchema>;

const contentSchema = z.union([
  z.string().transform((text): Block[] => [{ type: 'text', text }]),
  z.array(blockSchema),
]);

export const messagesRequestSchema = z.object({
  model: z.string(),
  max_tokens: z.int().positive(),
  stream: z.boolean().default(false),
  tools: z.array(z.looseObject({ name: z.string() })).default([]),
  /** The CLI also sends entries with role `system` (environment, steering). */
  messages: z.array(z.object({ role: z.enum(['user', 'assistant', 'system']), content: contentSchema })),
});
export type MessagesRequest = z.infer<typeof messagesRequestSchema>;

export type ModelUsage = {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_input_tokens: number;
  cache_creation: { ephemeral_5m_input_tokens: number; ephemeral_1h_input_tokens: number };
};

/** What the model says next. Without text and tools it is an empty end of turn. */
export type ModelTurn = {
  text?: string;
  tools?: { name: string; input: Record<string, unknown> }[];
  /** Counted from the text when left out. */
  usage?: Partial<ModelUsage>;
};

type Answer = { model: string; turn: ModelTurn; usage: ModelUsage };

export const toMessage = ({ model, turn, usage }: Answer) => ({
  id: `msg_${randomBytes(10).toString('hex')}`,
  type: 'message',
  role: 'assistant',
  model,
  content: contentOf(turn),
  stop_reason: turn.tools?.length ? 'tool_use' : 'end_turn',
  stop_sequence: null,
  usage,
});
type Message = ReturnType<typeof toMessage>;

/** The message as server-sent events, each ready to be written. */
export const toEvents = (message: Message): string[] => {
  const { content, stop_reason, stop_sequence, usage } = message;
  return [
    event({
      type: 'message_start',
      message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
    }),
    event({ type: 'ping' }),
    ...content.flatMap((block, index) => blockEvents(block, index)),
    event({
      type: 'message_delta',
      delta: { stop_reason, stop_sequence },
      usage: { output_tokens: usage.output_tokens },
    }),
    event({ type: 'message_stop' }),
  ];
};

export const apiError = (type: string, message: string): string =>
  JSON.stringify({ type: 'error', error: { type, message } });

type Content =
  | { type: 'text'; text: string }
  | { type: 'tool_use'; id: string; name: string; input: Record<string, unknown> };

const contentOf = ({ text, tools = [] }: ModelTurn): Content[] => [
  ...(text ? [{ type: 'text' as const, text }] : []),
  ...tools.map((tool) => ({
    type: 'tool_use' as const,
    id: `toolu_${randomBytes(10).toString('hex')}`,
    ...tool,
  })),
];

const blockEvents = (block: Content, index: number): string[] => {
  const start = block.type === 'text' ? { type: 'text', text: '' } : { ...block, input: {} };
  const deltas =
    block.type === 'text'
      ? pieces(block.text).map((text) => ({ type: 'text_delta', text }))
      : pieces(JSON.stringify(block.input)).map((text) => ({ type: 'input_json_delta', partial_json: text }));
  return [
    event({ type: 'content_block_start', index, content_block: start }),
    ...deltas.map((delta) => event({ type: 'content_block_delta', index, delta })),
    event({ type: 'content_block_stop', index }),
  ];
};

const pieces = (text: string): string[] => text.match(/[\s\S]{1,40}/gu) ?? [];

const event = (body: { type: string; [key: string]: unknown }): string =>
  `event: ${body.type}\ndata: ${JSON.stringify(body)}\n\n`;
