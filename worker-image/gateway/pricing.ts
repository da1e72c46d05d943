// What tokens cost, by list price. Measured on 2026-11-24: the pinned CLI ran against the scripted model, which answered with
// chosen usage (100,000 and 1,000,000 tokens of one class, then mixtures), and its `modelUsage.costUSD` was read.

export type TokenCounts = {
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWrite5mTokens: number;
  cacheWrite1hTokens: number;
};

/** USD for a million tokens. */
type Price = { input: number; output: number; cacheRead: number; cacheWrite5m: number; cacheWrite1h: number };
type Row = Price & {
  /** A request with more input than this, cached or not, costs `times` as much in all classes. */
  long?: { aboveTokens: number; times: number };
};

const fable5: Row = { input: 10, output: 50, cacheRead: 1, cacheWrite5m: 12.5, cacheWrite1h: 20 };
const opus4: Row = { input: 5, output: 25, cacheRead: 0.5, cacheWrite5m: 6.25, cacheWrite1h: 10 };
const sonnet4: Row = { input: 3, output: 15, cacheRead: 0.3, cacheWrite5m: 3.75, cacheWrite1h: 6 };

const rows = new Map<string, Row>([
  ['claude-opus-5-5', { input: 4, output: 20, cacheRead: 0.2, cacheWrite5m: 5, cacheWrite1h: 8 }],
  ['claude-sonnet-5-5', { input: 2, output: 10, cacheRead: 0.1, cacheWrite5m: 2.5, cacheWrite1h: 4 }],
  [
    'claude-haiku-5-5',
    {
      input: 0.1,
      output: 0.5,
      cacheRead: 0.01,
      cacheWrite5m: 0.125,
      cacheWrite1h: 0.2,
      long: { aboveTokens: 100_000, times: 5 },
    },
  ],
  ['claude-fable-5-2', { input: 8, output: 40, cacheRead: 0.2, cacheWrite5m: 10, cacheWrite1h: 16 }],
  ['claude-fable-5-1', { ...fable5, cacheRead: 0.25 }],
  ['claude-fable-5', fable5],
  ['claude-opus-5', opus4],
  ['claude-opus-4-8', opus4],
  ['claude-opus-4-7', opus4],
  ['claude-opus-4-6', opus4],
  ['claude-opus-4-5', opus4],
  ['claude-sonnet-5', { input: 2, output: 10, cacheRead: 0.2, cacheWrite5m: 2.5, cacheWrite1h: 4 }],
  ['claude-sonnet-4-6', sonnet4],
  ['claude-sonnet-4-5', sonnet4],
  ['claude-sonnet-4-0', sonnet4],
  ['claude-haiku-4-5', { input: 1, output: 5, cacheRead: 0.1, cacheWrite5m: 1.25, cacheWrite1h: 2 }],
]);

/** The dearest row in every class: a model that is not in the table makes a cap too tight, never too loose. */
const unknownModel = fable5;

export const pricedModels: readonly string[] = [...rows.keys()];

/** A dated name (`claude-haiku-4-5-20251001`) is its model's. */
const rowOf = (model: string): Row | undefined => rows.get(model.replace(/-\d{8}$/, ''));

export const isPriced = (model: string): boolean => rowOf(model) !== undefined;

/** The price of one request. */
export const costUsd = (model: string, tokens: TokenCounts): number => {
  const { long, ...price } = rowOf(model) ?? unknownModel;
  const { inputTokens, outputTokens, cacheReadTokens, cacheWrite5mTokens, cacheWrite1hTokens } = tokens;
  const allInput = inputTokens + cacheReadTokens + cacheWrite5mTokens + cacheWrite1hTokens;
  const times = long && allInput > long.aboveTokens ? long.times : 1;
  const sum =
    inputTokens * price.input +
    outputTokens * price.output +
    cacheReadTokens * price.cacheRead +
    cacheWrite5mTokens * price.cacheWrite5m +
    cacheWrite1hTokens * price.cacheWrite1h;
  return (times * sum) / 1_000_000;
};
