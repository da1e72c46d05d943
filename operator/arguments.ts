// What is written behind a command, understood or refused.
import { InvalidArgumentError } from 'commander';
import type { FreezeScope } from '#core/freeze.ts';
import { toFreezeScope } from '#core/freeze.ts';
import type { LedgerInput } from '#core/ledger.ts';
import { referenceSchema } from '#core/operations.ts';
import { repositorySchema } from '#core/task.ts';

export const toReference = (word: string): string => {
  const parsed = referenceSchema.safeParse(word.toLowerCase());
  if (!parsed.success)
    throw new InvalidArgumentError('It is an id, or the first four or more of its characters.');
  return parsed.data;
};

export const toScope = (word: string): FreezeScope => {
  const scope = toFreezeScope(word);
  if (!scope) throw new InvalidArgumentError('It is "all", owner/name or the number of an installation.');
  return scope;
};

type Thread = NonNullable<LedgerInput<'tasks.list'>['thread']>;

/** owner/name, owner/name#12 or the address of the issue or pull request. */
export const toThread = (word: string): Thread => {
  const [, repository, number] = written.exec(word) ?? [];
  const parsed = repositorySchema.safeParse(repository);
  if (!parsed.success)
    throw new InvalidArgumentError('It is owner/name, owner/name#12 or the address of an issue.');
  return { repository: parsed.data, ...(number !== undefined && { number: Number(number) }) };
};

const written =
  /^(?:https?:\/\/[^/]+\/)?([^/#]+\/[^/#]+)(?:(?:#|\/(?:issues|pull)\/)([1-9]\d{0,8})(?:#.*)?)?$/;

export const toLimit = (word: string): number => {
  const limit = Number(word);
  if (!Number.isInteger(limit) || limit < 1 || limit > 500)
    throw new InvalidArgumentError('It is a number from 1 to 500.');
  return limit;
};

export const toText = (word: string): string => {
  if (word.trim() === '') throw new InvalidArgumentError('It is empty.');
  return word;
};
