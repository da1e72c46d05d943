// The money of one run: set aside before a request goes out, settled when it is known what it cost.
import type { ModelRequest } from './request.ts';
import { costUsd } from './pricing.ts';

export type Purse = ReturnType<typeof createPurse>;

export const createPurse = (budgetUsd: number) => {
  let [spentUsd, reservedUsd] = [0, 0];
  return {
    leftUsd: () => budgetUsd - spentUsd - reservedUsd,
    spentUsd: () => spentUsd,
    /** Gives the function that settles it; a second call of it changes nothing. */
    reserve: (usd: number) => {
      reservedUsd += usd;
      let isOpen = true;
      return (costUsd: number) => {
        if (!isOpen) return;
        isOpen = false;
        reservedUsd -= usd;
        spentUsd += costUsd;
      };
    },
  };
};

/** With fewer an answer is mostly cut before it comes to a tool. */
const leastOutputTokens = 2_048;

export type Terms = { inputTokens: number; maxTokens: number; usd: number };

/**
 * What is set aside for a request: its input and the longest answer, at list price. Where the budget does not leave that
 * much, the answer may be shorter; undefined when it would be too short to be of use.
 */
export const termsOf = (
  request: ModelRequest,
  { inputTokens, leftUsd }: { inputTokens: number; leftUsd: number },
): Terms | undefined => {
  const price = (outputTokens: number) => priceOf(request, inputTokens, outputTokens);
  const perToken = (price(1_000_000) - price(0)) / 1_000_000;
  const affordable = Math.floor((leftUsd - price(0)) / perToken);
  const maxTokens = Math.min(request.max_tokens, affordable);
  if (maxTokens < Math.min(request.max_tokens, leastOutputTokens)) return undefined;
  return { inputTokens, maxTokens, usd: price(maxTokens) };
};

/** All of the input as the dearest kind that the request can make of it: what the cache holds already is not known here. */
export const priceOf = (request: ModelRequest, inputTokens: number, outputTokens: number): number => {
  const kind = dearestInput(request);
  return costUsd(request.model, { ...noTokens, [kind]: inputTokens, outputTokens });
};

const noTokens = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWrite5mTokens: 0,
  cacheWrite1hTokens: 0,
};

const dearestInput = (request: ModelRequest): keyof typeof noTokens => {
  const marks = cacheMarksOf(request);
  if (marks.some((mark) => mark.ttl === '1h')) return 'cacheWrite1hTokens';
  return marks.length > 0 ? 'cacheWrite5mTokens' : 'inputTokens';
};

/** https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching: on tools, system and content, nested ones too. */
const cacheMarksOf = ({ system = [], tools = [], messages }: ModelRequest) => {
  const blocks = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content));
  const nested = blocks.flatMap((block) =>
    block.type === 'tool_result' && typeof block.content === 'object' ? block.content : [],
  );
  const marked = [...(typeof system === 'string' ? [] : system), ...tools, ...blocks, ...nested];
  return marked.flatMap((part) =>
    'cache_control' in part && part.cache_control ? [part.cache_control] : [],
  );
};

/** The request as it goes out: the answer no longer than its terms say, and the thinking shorter than the answer. */
export const withTerms = (request: ModelRequest, { maxTokens }: Terms): ModelRequest => {
  const { thinking } = request;
  return {
    ...request,
    max_tokens: maxTokens,
    ...(thinking?.type === 'enabled' &&
      thinking.budget_tokens >= maxTokens && { thinking: { ...thinking, budget_tokens: maxTokens - 1 } }),
  };
};
