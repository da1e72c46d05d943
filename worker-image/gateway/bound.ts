// How many tokens a request can have at most, before anybody has counted them.
import { createHash } from 'node:crypto';
import type { Block, Message, ModelRequest } from './request.ts';

/**
 * A token of text covers at least one byte of it: the tokenizers go by bytes. So the bytes are a bound, and the JSON
 * around them (a block's type, a message's role) is more than the marks that the provider puts there.
 */
const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
/** What the provider adds for tools, thinking and effort: some hundred tokens. */
const hiddenTokens = 2_000;
/** https://docs.anthropic.com/en/docs/build-with-claude/vision: 4,784 for the largest picture that is not scaled down. */
const imageTokens = 5_000;
/**
 * A PDF has no bound but the window: its pages are compressed. This is enough for a page and the text of ordinary ones;
 * what one costs beyond it is settled by the answer, and from then on it is known.
 */
const documentTokens = 8_000;
/** What is longer is refused by the provider, at no cost. */
const windowTokens = 1_000_000;
const mostKnown = 256;

export type InputBound = {
  tokens: number;
  /** From the answer: how many it really had. What goes on from here is this and the bytes that are new. */
  learn: (tokens: number) => void;
};

/**
 * Each turn sends the whole conversation again; by bytes alone it would count four times what it is. So the bound goes
 * from the longest beginning that the provider has counted before.
 */
export const createInputBounds = () => {
  const known = new Map<string, number>();

  return (request: ModelRequest, betas: readonly string[]): InputBound => {
    const { messages, max_tokens: _, stream: __, ...rest } = request;
    const frame = {
      ...rest,
      betas,
      system: asBlocks(rest.system ?? []).map(bare),
      tools: rest.tools?.map(bare),
    };
    let hash = digest('', frame);
    let tokens = bytesOf(frame) + hiddenTokens;
    for (const message of messages.map(toBare)) {
      hash = digest(hash, message);
      tokens = known.get(hash) ?? tokens + boundOf(message);
    }
    return {
      tokens: Math.min(tokens, windowTokens),
      learn: (counted) => {
        if (known.size >= mostKnown) known.delete(known.keys().next().value ?? '');
        known.set(hash, counted + slackTokens);
      },
    };
  };
};

/** Two texts side by side may be cut into tokens otherwise than each alone. */
const slackTokens = 16;

/** Marks of the cache wander from turn to turn and are no text; neither is whether a text stands in a list. */
const toBare = ({ content, ...message }: Message): Message => ({
  ...message,
  content: asBlocks(content).map(bareBlock),
});

const asBlocks = <B>(content: string | B[]): (B | { type: 'text'; text: string })[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;

const bareBlock = (block: Block): Block =>
  block.type === 'tool_result' && typeof block.content === 'object'
    ? { ...bare(block), content: block.content.map(bare) }
    : bare(block);

const bare = <B extends object>(block: B): B => {
  const { cache_control: _, ...rest } = block as B & { cache_control?: unknown }; // B minus a key that is optional in it
  return rest as B;
};

const digest = (before: string, value: unknown): string =>
  createHash('sha256').update(before).update(JSON.stringify(value)).digest('base64');

const boundOf = ({ content, ...message }: Message): number =>
  bytesOf(message) + asBlocks(content).reduce((sum, block) => sum + blockBound(block), 0);

const blockBound = (block: Block): number => {
  switch (block.type) {
    case 'image':
      return imageTokens;
    case 'document':
      return documentTokens + bytesOf(block);
    case 'tool_result': {
      const { content, ...rest } = block;
      const shown = typeof content === 'object' ? content : [];
      const text = typeof content === 'string' ? bytesOf(content) : 0;
      return bytesOf(rest) + text + shown.reduce((sum, part) => sum + blockBound(part), 0);
    }
    default:
      return bytesOf(block);
  }
};
