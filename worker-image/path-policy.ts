// Which paths a change by the agent may touch. git checks more of it again; this list says why in a person's words.

export type ChangedPath = { path: string; mode: string; linkTarget?: string };

/** Why the path may not be part of a change; undefined when it may. */
export const refusalOf = ({ path, mode, linkTarget }: ChangedPath): string | undefined => {
  const segments = path.split('/').map(canonical);
  if (/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(path)) return 'its name holds characters that cannot be seen';
  if (segments.some(isGitFolder)) return 'it looks like a part of `.git`';
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    return 'it leaves the repository';
  if (segments[0] === '.github' && segments[1] === 'workflows') {
    return 'workflows run with the secrets of the repository, and the agent has no permission to change them';
  }
  if (!allowedModes.has(mode)) return `its mode is ${mode}: only files and links are taken, no submodules`;
  if (linkTarget !== undefined && leavesTree(segments.length - 1, linkTarget))
    return 'it is a link that leads out of the repository';
  return undefined;
};

const deleted = '000000';
const link = '120000';
const allowedModes = new Set([deleted, '100644', '100755', link]);

export const isLink = ({ mode }: ChangedPath): boolean => mode === link;

/** As a file system may see it that folds case, composes letters and skips what cannot be seen. */
const canonical = (segment: string): string =>
  segment
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toLowerCase()
    .replace(/[. ]+$/, (end, at: number) => (at === 0 ? end : ''));

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
