// What an operator can stop as a whole, and which of it covers a thread.
import * as z from 'zod';
import { repositorySchema } from './task.ts';

/** `all`, `github:installation:<id>` or `github:repository:<owner/name in lower case>`. */
export const freezeScopeSchema = z
  .string()
  .refine((scope) => scope === 'all' || installation.test(scope) || isRepository(scope));
export type FreezeScope = z.infer<typeof freezeScopeSchema>;

const installation = /^github:installation:\d{1,20}$/;
const repositoryPrefix = 'github:repository:';

const isRepository = (scope: string): boolean =>
  scope.startsWith(repositoryPrefix) &&
  scope === scope.toLowerCase() &&
  repositorySchema.safeParse(scope.slice(repositoryPrefix.length)).success;

/** The scope that an operator's word names: `all`, an installation's id or owner/name; undefined for anything else. */
export const toFreezeScope = (word: string): FreezeScope | undefined => {
  const scopes = [word, `github:installation:${word}`, `${repositoryPrefix}${word.toLowerCase()}`];
  return scopes.find((scope) => freezeScopeSchema.safeParse(scope).success);
};
