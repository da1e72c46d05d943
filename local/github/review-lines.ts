// Whether a comment's lines stand in the diff of its pull request, as GitHub shows it: three lines around each change.
import type { Twin } from './access.ts';
import type { InlineComment, Pull, Repository } from './world.ts';

type About = { repository: Repository; pull: Pull };
type Wanted = { commitSha: string; comments: readonly Omit<InlineComment, 'id'>[] };

/** What GitHub says of the first that does not; undefined when all do. */
export const resolveLines = async (
  { git }: Twin,
  { repository: { gitDir }, pull }: About,
  { commitSha, comments }: Wanted,
): Promise<string | undefined> => {
  const isPart = await git.run(gitDir, ['merge-base', '--is-ancestor', commitSha, pull.headSha]).then(
    () => true,
    () => false, // also a commit that is not there
  );
  if (!isPart) return 'Commit is not part of the pull request';
  const files = filesIn(await git.diff(gitDir, pull.baseSha, commitSha));
  for (const { path, line, startLine = line, side } of comments) {
    const lines = files.get(path);
    if (!lines) return 'Path could not be resolved';
    const places = [startLine, line].map((number) => lines.get(`${side} ${number}`));
    if (places.includes(undefined)) return 'Line could not be resolved';
    if (startLine > line || places[0] !== places[1])
      return 'Start line must be part of the same hunk as the line';
  }
  return undefined;
};

/** `LEFT 3` or `RIGHT 3` of each file, with its hunk. */
const filesIn = (diff: string): Map<string, Map<string, number>> => {
  const files = new Map<string, Map<string, number>>();
  for (const part of diff.split(/^diff --git /m).slice(1)) {
    const [head = '', ...hunks] = part.split(/^(?=@@ )/m);
    const [, path] = /^\+\+\+ b\/(.*)$/m.exec(head) ?? /^--- a\/(.*)$/m.exec(head) ?? [];
    if (path !== undefined) files.set(path, linesIn(hunks));
  }
  return files;
};

const linesIn = (hunks: readonly string[]): Map<string, number> => {
  const lines = new Map<string, number>();
  for (const [index, hunk] of hunks.entries()) {
    const [head = '', ...body] = hunk.split('\n');
    const [, before, after] = /^@@ -(\d+)\S* \+(\d+)/.exec(head) ?? [];
    let [left, right] = [Number(before), Number(after)];
    for (const line of body) {
      if (line.startsWith('-')) lines.set(`LEFT ${left}`, index);
      if (line.startsWith('+') || line.startsWith(' ')) lines.set(`RIGHT ${right}`, index);
      if (line.startsWith('-') || line.startsWith(' ')) left += 1;
      if (line.startsWith('+') || line.startsWith(' ')) right += 1;
    }
  }
  return lines;
};
