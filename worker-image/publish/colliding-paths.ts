// Paths that are two in git and one on a disk that folds case: whoever checks them out gets one in place of the other.
import { canonical } from '#worker/git/canonical-path.ts';
import type { Git } from '#worker/git/git.ts';
import type { Refusal } from './path-policy.ts';

/** Of the changed paths those that collide, as a file or by a folder, with another path of the tree. */
export const collidingPaths = async (
  git: Git,
  tree: string,
  changed: readonly string[],
): Promise<Refusal[]> => {
  const mine = new Map(changed.flatMap((path) => prefixesOf(path).map((one) => [one.name, one.path])));
  const refusals = new Map<string, Refusal>();
  for await (const path of pathsIn(git, tree)) {
    for (const { name, path: theirs } of prefixesOf(path)) {
      const ours = mine.get(name);
      if (ours === undefined || ours === theirs) continue;
      refusals.set(ours, { path: ours, why: `on a disk that folds case it is one with ${theirs}` });
    }
  }
  return [...refusals.values()];
};

/** `a/B/c` as `a`, `a/B`, `a/B/c`, each with the name under which a disk may keep it. */
const prefixesOf = (path: string) => {
  let name = '';
  let to = -1;
  return path.split('/').map((segment) => {
    name += `/${canonical(segment)}`;
    to += segment.length + 1;
    return { name, path: path.slice(0, to) };
  });
};

/** A large tree is never held as a whole. */
const pathsIn = async function* (git: Git, tree: string): AsyncGenerator<string> {
  const { stdout, ended } = git.stream(['ls-tree', '-r', '-z', '--name-only', tree]);
  ended.catch(() => {}); // awaited below
  let rest = '';
  for await (const chunk of stdout.setEncoding('utf8')) {
    const paths = `${rest}${String(chunk)}`.split('\0');
    rest = paths.pop() ?? '';
    yield* paths;
  }
  await ended;
};
