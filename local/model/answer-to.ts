// What the script answers to a request, with words for the journal.
import type { Script } from './conversation.ts';
import { toConversation } from './conversation.ts';
import type { MessagesRequest, ModelTurn, ModelUsage } from './messages-api.ts';
import { toMessage } from './messages-api.ts';

export const answerTo = (script: Script, request: MessagesRequest) => {
  const turn = nextTurn(script, request);
  const counted = { ...countUsage(request, turn), ...turn.usage };
  const usage = { ...counted, output_tokens: Math.min(counted.output_tokens, request.max_tokens) };
  const said = [turn.text, ...(turn.tools ?? []).map(({ name }) => `[${name}]`)].filter(Boolean).join(' ');
  return { message: toMessage({ model: request.model, turn, usage }), said };
};

/** A request without tools is a probe or a title: it gets words, and the script does not see it. */
const nextTurn = (script: Script, request: MessagesRequest): ModelTurn =>
  request.tools.length === 0 ? { text: 'ok' } : script(toConversation(request));

/** About four characters are a token; all but the last message comes from the cache after the first turn. */
const countUsage = ({ messages, tools }: MessagesRequest, turn: ModelTurn): ModelUsage => {
  const tokens = (value: unknown) => Math.ceil(JSON.stringify(value).length / 4);
  const before = tokens(tools) + tokens(messages.slice(0, -1));
  const isFirst = !messages.some(({ role }) => role === 'assistant');
  return {
    input_tokens: tokens(messages.at(-1) ?? ''),
    output_tokens: tokens(turn),
    cache_read_input_tokens: isFirst ? 0 : before,
    cache_creation_input_tokens: isFirst ? before : 0,
    cache_creation: { ephemeral_5m_input_tokens: isFirst ? before : 0, ephemeral_1h_input_tokens: 0 },
  };
};
