// Which paths a change by the agent may touch. git checks more of it again; here is why, in a person's words.
import { dirname } from 'node:path/posix';
import ignore from 'ignore';
import type { Policy } from '#core/policy.ts';
import type { Allowed, Guarded, ProtectedPath } from '#core/protected-paths.ts';
import { closedPaths, guardedPaths } from '#core/protected-paths.ts';
import { canonical, canonicalPath } from '#worker/git/canonical-path.ts';

export type ChangedPath = { path: string; mode: string; linkTarget?: string };
/** `row` opens it, where the repository's policy may. */
export type Refusal = { path: string; why: string; row?: Allowed };
export type PathRules = Pick<Policy, 'protected' | 'allow'>;

/** Gives for each path why it may not be part of a change; undefined when it may. */
export const createPathPolicy = ({ protected: own, allow }: PathRules) => {
  const rules = [
    ...closedPaths.map((rule) => toRule(rule)),
    ...guardedRows.filter(([row]) => !allow.includes(row)).map(([row, rule]) => toRule(rule, row)),
    toRule({ why: 'the policy of this repository protects it', patterns: own }),
  ];
  return (changed: ChangedPath): Refusal | undefined => {
    const { path } = changed;
    const why = faultOf(changed);
    if (why) return { path, why };
    const name = canonicalPath(path);
    const broken = rules.find(({ matches, isAbove }) => matches(name) || (isLink(changed) && isAbove(name)));
    return broken && { path, why: broken.why, ...(broken.row && { row: broken.row }) };
  };
};

// the keys of a constant; Object.entries says string
const guardedRows = Object.entries(guardedPaths) as [Guarded, ProtectedPath][];

const toRule = ({ why, patterns }: ProtectedPath, row?: Guarded) => {
  // a slash at the end would let a link of that name pass
  const names = patterns.map((pattern) => pattern.normalize('NFKC').replace(/\/+$/, ''));
  const isAbove = matcherOf(names.flatMap(foldersAbove));
  return {
    why,
    row,
    matches: matcherOf(names),
    /** In place of such a folder a link could bring protected files from elsewhere. */
    isAbove: (path: string) => isAbove(path) && !(path.includes('/') && isAbove(dirname(path))),
  };
};

/** What lies below a match matches too. */
const matcherOf = (patterns: readonly string[]) => {
  const found = ignore({ ignorecase: true }).add(patterns);
  return (path: string) => found.ignores(path);
};

const foldersAbove = (pattern: string): string[] => {
  const parts = pattern.split('/');
  const folders = parts.slice(0, -1).map((_, at) => parts.slice(0, at + 1).join('/'));
  return folders.filter((folder) => /[^/*]/.test(folder));
};

/** What is wrong with the entry itself, in any repository. */
const faultOf = ({ path, mode, linkTarget }: ChangedPath): string | undefined => {
  const segments = path.split('/').map(canonical);
  if (/[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u.test(path))
    return 'its name holds characters that cannot be seen';
  if (path.includes('\ufffd')) return 'its name is no text in UTF-8';
  if (segments.some(isGitFolder)) return 'it looks like a part of `.git`';
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    return 'it leaves the repository';
  if (!allowedModes.has(mode)) return `its mode is ${mode}: only files and links are taken, no submodules`;
  if (linkTarget !== undefined && leavesTree(segments.length - 1, linkTarget))
    return 'it is a link that leads out of the repository';
  return undefined;
};

const deleted = '000000';
const link = '120000';
const allowedModes = new Set([deleted, '100644', '100755', link]);

export const isLink = ({ mode }: ChangedPath): boolean => mode === link;
export const isDeleted = ({ mode }: ChangedPath): boolean => mode === deleted;

const isGitFolder = (segment: string): boolean =>
  /^(?:\.git|git~\d+|\.git::.*|\.git:.*)$/.test(segment.replaceAll('\\', '/').split('/').at(-1) ?? '');

const leavesTree = (depth: number, target: string): boolean => {
  if (/^[/\\]|^[A-Za-z]:/.test(target)) return true;
  let level = depth;
  for (const segment of target.split(/[/\\]/)) {
    if (segment === '..') level -= 1;
    else if (segment !== '' && segment !== '.') level += 1;
    if (level < 0) return true;
  }
  return canonical(target).split(/[/\\]/).some(isGitFolder);
};
