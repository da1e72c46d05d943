// The options of a request: `--model x` or `[model: x]`, the same on every platform.
import { isBranchName } from './branch-name.ts';
import type { Request } from './task.ts';
import { repositorySchema } from './task.ts';

type Options = Request['options'];
type Understood = { value: Options } | { problem: string };

type Reader = { parse: (value: string) => Options | undefined; problem: string };

const readers = new Map<string, Reader>([
  ['model', { parse: (value) => toModel(value), problem: '`--model` needs a name, as in `--model opus`' }],
  [
    'budget',
    { parse: (value) => toBudget(value), problem: '`--budget` needs dollars above 0, as in `--budget 3`' },
  ],
  [
    'repo',
    { parse: (value) => toRepository(value), problem: '`--repo` needs owner/name, as in `--repo octo/shop`' },
  ],
  ['base', { parse: (value) => toBase(value), problem: '`--base` needs a branch, as in `--base main`' }],
  [
    'draft',
    { parse: (value) => (value === '' ? { draft: true } : undefined), problem: '`--draft` takes no value' },
  ],
]);

export type Extracted = { options: Options; problems: string[]; rest: string; isOnlyOptions: boolean };

/**
 * Takes the options out of one line; what is none stays in it. `spoken` is the line with its code blanked: options
 * are read from it, so `--model` in backticks is only text.
 */
export const extractOptions = (line: string, spoken: string): Extracted => {
  const options: Options = {};
  const problems: string[] = [];
  let rest = '';
  let keptTo = 0;
  for (const match of spoken.matchAll(written)) {
    const understood = read(match);
    if (!understood) continue;
    if ('problem' in understood) {
      problems.push(understood.problem);
      continue;
    }
    Object.assign(options, understood.value);
    rest += line.slice(keptTo, match.index).trimEnd();
    keptTo = match.index + match[0].length;
  }
  const isOnlyOptions = spoken.trim() !== '' && spoken.replaceAll(written, '').trim() === '';
  return { options, problems, rest: rest + line.slice(keptTo), isOnlyOptions };
};

/** A flag with the word after it (none after `--draft`), or a bracket that is no link. */
const written =
  /(?<!\S)--(?:(?<bare>draft)(?![\w=-])|(?<flag>model|budget|repo|base|draft)(?![\w-])(?:=(?<joined>\S*)|[ \t]+(?<next>(?!--|\[)\S+))?)|\[[ \t]*(?<bracket>model|budget|repo|base|draft)[ \t]*(?:[:=](?<inner>[^\]\n[]*))?\](?!\()/gi;

const read = ({ groups = {} }: RegExpExecArray): Understood | undefined => {
  const { bare, flag, joined, next, bracket, inner } = groups;
  const reader = readers.get((bare ?? flag ?? bracket ?? '').toLowerCase());
  if (!reader) return undefined;
  const value = (joined ?? next ?? inner ?? '').trim();
  // the comma or stop of the sentence; a hostile length would make this expression slow
  const options = value.length > 200 ? undefined : reader.parse(value.replace(/[,;.!?]+$/, ''));
  return options ? { value: options } : { problem: reader.problem };
};

/** Never with a leading hyphen: it becomes an argument. */
const toModel = (value: string) =>
  /^[A-Za-z0-9][A-Za-z0-9._:/@[\]-]{0,99}$/.test(value) ? { model: value } : undefined;

const toBudget = (value: string) =>
  /^\$?\d{1,6}(?:\.\d{1,4})?$/.test(value) && Number(value.replace('$', '')) > 0
    ? { budgetUsd: Number(value.replace('$', '')) }
    : undefined;

const toRepository = (value: string) =>
  repositorySchema.safeParse(value).success ? { repository: value } : undefined;

const toBase = (value: string) => (isBranchName(value) ? { base: value } : undefined);
