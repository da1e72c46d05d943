// Which models may be asked: by the house, and in one run.
import { pricedModels } from './pricing.ts';

export type ModelChoice = {
  /** Where nobody names one. */
  model: string;
  /** What a person may name besides; every model with a known price when left out. */
  models?: readonly string[] | undefined;
};

/** Measured: what the pinned CLI makes of a name. */
const aliases = new Map([
  ['default', 'claude-opus-5-5'],
  ['best', 'claude-opus-5-5'],
  ['opus', 'claude-opus-5-5'],
  ['opusplan', 'claude-sonnet-5-5'],
  ['sonnet', 'claude-sonnet-5-5'],
  ['haiku', 'claude-haiku-5-5'],
  ['fable', 'claude-fable-5-2'],
]);
/** The CLI's own choice for small questions on the side. */
const smallModel = 'claude-haiku-5-5';

/** The name in a request: a mark for the long window stays with the CLI. */
const wireName = (model: string): string => {
  const name = model.replace(/\[1m\]$/i, '');
  return aliases.get(name.toLowerCase()) ?? name;
};

const allowedOf = ({ model, models = pricedModels }: ModelChoice): string[] => [
  ...new Set([model, ...models].map(wireName)),
];

const undated = (model: string) => model.replace(/-\d{8}$/, '');

export const isAllowed = (choice: ModelChoice, asked: string): boolean =>
  allowedOf(choice).some((name) => name === wireName(asked) || name === undated(wireName(asked)));

/** Of one run: its model, and the small one where the house has it. */
export const modelsOf = (choice: ModelChoice, asked: string | undefined): string[] => {
  const model = wireName(asked ?? choice.model);
  return isAllowed(choice, smallModel) ? [...new Set([model, smallModel])] : [model];
};

/** For a person whose `--model` cannot be had. */
export const problemWithModel = (choice: ModelChoice, asked: string | undefined): string | undefined =>
  asked === undefined || isAllowed(choice, asked)
    ? undefined
    : `I may not use the model ${asked}. I can use ${allowedOf(choice).join(', ')}.`;
