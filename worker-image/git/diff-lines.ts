// Which lines of a pull request GitHub takes a comment on: those that its diff shows, with three lines around each change.
import type { Git } from './git.ts';

export type Place = {
  path: string;
  line: number;
  startLine?: number | undefined;
  side?: 'LEFT' | 'RIGHT' | undefined;
};
/** Of the head what is new and what is shown around it, of the base what is taken away. */
type Hunk = { right: ReadonlySet<number>; left: ReadonlySet<number> };
export type DiffLines = { holds: (place: Place) => boolean };

type Ends = { baseSha: string; headSha: string; paths: readonly string[] };

/** Renames in a large change may cost git minutes. */
const listDeadlineMs = 60_000;
const diffDeadlineMs = 20_000;
const maxListBytes = 32 * 1024 * 1024;
const maxDiffBytes = 4 * 1024 * 1024;
const plain = [
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '--find-renames',
  '-l200',
  '--ignore-submodules=all',
];

/** The lines of these paths, from the bare repository that holds both commits. */
export const diffLinesOf = async (git: Git, { baseSha, headSha, paths }: Ends): Promise<DiffLines> => {
  const fork = await git.attempt(['merge-base', baseSha, headSha]);
  const since = fork.code === 0 ? fork.stdout.toString('latin1').trim() : baseSha;
  const ends = [since, headSha];
  const before = await changedPaths(git, ends);
  const hunks = new Map<string, Hunk[]>();
  for (const path of new Set(paths)) {
    const pair = before.get(path);
    if (pair === undefined) continue;
    const diff = await git.attempt(
      ['diff', ...plain, '--unified=3', ...ends, '--', ...new Set([pair, path])],
      {
        env: { GIT_LITERAL_PATHSPECS: '1' },
        maxBytes: maxDiffBytes,
        mayCut: true,
        deadlineMs: diffDeadlineMs,
      },
    );
    hunks.set(path, hunksIn(diff.stdout.toString('latin1')));
  }
  return { holds: (place) => (hunks.get(place.path) ?? []).some((hunk) => isIn(hunk, place)) };
};

/** Each path of the head that the pull request changes, with the one that it had before. */
const changedPaths = async (git: Git, ends: readonly string[]): Promise<Map<string, string>> => {
  const listed = await git.attempt(['diff', ...plain, '--name-status', '-z', ...ends, '--'], {
    maxBytes: maxListBytes,
    mayCut: true,
    deadlineMs: listDeadlineMs,
  });
  const fields = listed.stdout.toString('utf8').split('\0').slice(0, -1).values();
  const paths = new Map<string, string>();
  for (const status of fields) {
    const from = fields.next().value ?? '';
    const to = /^[RC]/.test(status) ? (fields.next().value ?? '') : from;
    paths.set(to, from);
  }
  return paths;
};

/** https://git-scm.com/docs/diff-format#generate_patch_text_with_p */
const hunksIn = (diff: string): Hunk[] => {
  const hunks: Hunk[] = [];
  let hunk: { right: Set<number>; left: Set<number> } | undefined;
  let [left, right] = [0, 0];
  for (const line of diff.split('\n')) {
    const start = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line);
    if (start) {
      [left, right] = [Number(start[1]), Number(start[2])];
      hunks.push((hunk = { right: new Set(), left: new Set() }));
    } else if (line.startsWith('diff ')) hunk = undefined;
    else if (line.startsWith('-')) hunk?.left.add(left++);
    else if (line.startsWith('+')) hunk?.right.add(right++);
    else if (line.startsWith(' ')) {
      left += 1;
      hunk?.right.add(right++);
    }
  }
  return hunks;
};

/** GitHub wants both ends of a range in one hunk. */
const isIn = (hunk: Hunk, { line, startLine = line, side = 'RIGHT' }: Place): boolean => {
  const lines = side === 'LEFT' ? hunk.left : hunk.right;
  return lines.has(line) && lines.has(startLine);
};
