// Which files of a pull request the agent does not get as its author wrote them: what a tool obeys by its mere presence.
import ignore from 'ignore';
import type { Guarded } from '#core/protected-paths.ts';
import { guardedPaths } from '#core/protected-paths.ts';
import { canonicalPath } from './canonical-path.ts';

/** True for a path that is taken from the base branch, whatever is there: a file, a link or a folder. */
export const isTrustedPath = (path: string): boolean => trusted.ignores(canonicalPath(path));

/** Rows that only GitHub obeys. */
const onlyAtGithub = new Set<string>(['actions', 'codeowners'] satisfies Guarded[]);

/** In no such row, or more than a row has of it. */
const others = [
  '/.agent-bot.yml',
  '/.agent-bot.yaml',
  '.cargo',
  '.bundle',
  '.lfsconfig',
  '.ripgreprc',
  '.rgignore',
  '.bazelrc',
];

/** It belongs to the build files of the pull request, which are its author's too. */
const gradleWrapper = '!**/gradle/wrapper';

const trusted = ignore({ ignorecase: true, allowRelativePaths: true }).add([
  ...Object.entries(guardedPaths).flatMap(([row, { patterns }]) => (onlyAtGithub.has(row) ? [] : patterns)),
  ...others,
  gradleWrapper,
]);
