// What a script gets to see: the request's text, and what was done since, each tool with its result.
import { goOnPrompt } from '#worker/claude/prompt.ts';
import type { Block, MessagesRequest, ModelTurn } from './messages-api.ts';

export type ToolStep = { name: string; input: unknown; result: string; isError: boolean };

export type Conversation = {
  model: string;
  tools: string[];
  /** What the user said last; that the work goes on is nothing new. */
  prompt: string;
  /** The tools used since then, in order; a call without a result, or one that was interrupted, is left out. */
  steps: ToolStep[];
};

/** A pure function: the same conversation, the same next turn. */
export type Script = (conversation: Conversation) => ModelTurn;

export const toConversation = ({ model, tools, messages }: MessagesRequest): Conversation => {
  let prompt = '';
  let steps: ToolStep[] = [];
  const calls = new Map<string, Pick<ToolStep, 'name' | 'input'>>();
  for (const { role, content } of messages) {
    for (const { type, id, name, input } of content) {
      if (role === 'assistant' && type === 'tool_use' && id && name) calls.set(id, { name, input });
    }
    if (role !== 'user') continue;
    const results = content.filter(({ type }) => type === 'tool_result');
    const said = results.length > 0 ? '' : spokenIn(content);
    if (said !== '' && said !== goOnPrompt.trim()) {
      prompt = said;
      steps = [];
    }
    for (const block of results) {
      const call = calls.get(block.tool_use_id ?? '');
      const step = { result: textOf(block.content), isError: block.is_error === true };
      if (call && !wasInterrupted(step)) steps.push({ ...call, ...step });
    }
  }
  return { model, tools: tools.map(({ name }) => name), prompt, steps };
};

/** As the CLI tells it: a command that it killed at its own end, or a call whose result it never saw. */
const wasInterrupted = ({ result, isError }: { result: string; isError: boolean }): boolean =>
  isError && /^Exit code 137\b|^\[Tool call interrupted:|^\[Request interrupted/.test(result);

/** The CLI wraps its own remarks to the model in this tag. */
const spokenIn = (content: Block[]): string =>
  content
    .map(({ text = '' }) => text.replace(/<system-reminder>[\s\S]*?<\/system-reminder>/g, ''))
    .join('\n')
    .trim();

const textOf = (content: unknown): string => {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) =>
      typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string'
        ? part.text
        : '',
    )
    .join('\n');
};
