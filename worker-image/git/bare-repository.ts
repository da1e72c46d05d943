// What the worker does with a repository before and after the run, never with a work tree.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './git.ts';

export type Fetched =
  | { kind: 'fetched'; sha: string }
  | { kind: 'missing' }
  | { kind: 'too_large' }
  /** The ref does not hold the commit any more: somebody pushed by force. */
  | { kind: 'rewritten' };

const fetchDeadlineMs = 10 * 60_000;
const lookEveryMs = 250;

/** The commit at the head of a branch of the remote; undefined when there is no such branch. */
export const remoteHead = (git: Git, branch: string): Promise<string | undefined> =>
  remoteCommit(git, `refs/heads/${branch}`);

const remoteCommit = async (git: Git, ref: string): Promise<string | undefined> => {
  const { stdout } = await listRefs(git, ref);
  // git takes the name for a pattern and also lists a ref that ends in it
  const lines = stdout.toString('utf8').split('\n');
  return lines.map((line) => line.split('\t')).find(([, name]) => name === ref)?.[0];
};

/** ls-remote says 2 for "no such ref"; everything else but 0 is a surprise. https://git-scm.com/docs/git-ls-remote */
const listRefs = async (git: Git, ref: string) => {
  const result = await git.attempt(['ls-remote', '--exit-code', '--', git.url, ref], { withToken: true });
  if (result.code !== 0 && result.code !== 2) {
    throw new Error(`git ls-remote ended with ${result.code}: ${result.stderr.slice(0, 300)}`);
  }
  return result;
};

type FetchInput = {
  /** The commit that an earlier worker started from. */
  sha?: string | undefined;
  /** The ref has to hold that commit still; else one that is left behind will do. */
  mustHold?: boolean | undefined;
  maxBytes: number;
};

/** Brings the branch (or the commit that it stood at) into the bare repository, as that branch. */
export const fetchBranch = (git: Git, { branch, ...input }: FetchInput & { branch: string }) =>
  fetchRef(git, { ...input, ref: `refs/heads/${branch}` });

/** The head of a pull request, also of one from a fork. https://docs.github.com/en/rest/pulls/pulls */
export const fetchPullHead = (git: Git, { number, ...input }: FetchInput & { number: number }) =>
  fetchRef(git, { ...input, ref: `refs/pull/${number}/head` });

const fetchRef = async (
  git: Git,
  { ref, sha, mustHold, maxBytes }: FetchInput & { ref: string },
): Promise<Fetched> => {
  if ((await remoteCommit(git, ref)) === undefined) return { kind: 'missing' };
  if (!(await fetchWithin(git, `+${ref}:${ref}`, maxBytes))) return { kind: 'too_large' };
  if (sha !== undefined) {
    if (mustHold && !(await isAncestor(git, sha, ref))) return { kind: 'rewritten' };
    // the branch was moved by force since: the host still gives a commit by its name
    if (!(await has(git, sha)) && !(await fetchWithin(git, sha, maxBytes))) return { kind: 'too_large' };
    await git.run(['update-ref', ref, sha]);
  }
  return { kind: 'fetched', sha: (await git.run(['rev-parse', '--verify', ref])).toString('latin1').trim() };
};

const isAncestor = async (git: Git, sha: string, ref: string) =>
  (await has(git, sha)) && (await git.attempt(['merge-base', '--is-ancestor', sha, ref])).code === 0;

const has = async (git: Git, sha: string) =>
  (await git.attempt(['cat-file', '-e', `${sha}^{commit}`])).code === 0;

/** False when the pack grew beyond maxBytes; what was fetched so far is of no use then. */
const fetchWithin = async (git: Git, refspec: string, maxBytes: number): Promise<boolean> => {
  const tooLarge = new AbortController();
  const look = async () => {
    if ((await packBytes(git)) > maxBytes) tooLarge.abort();
  };
  const timer = setInterval(() => void look(), lookEveryMs);
  try {
    await git.run(['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', '--', git.url, refspec], {
      withToken: true,
      signal: tooLarge.signal,
      deadlineMs: fetchDeadlineMs,
    });
    await look();
  } catch (error) {
    if (!tooLarge.signal.aborted) throw error;
  } finally {
    clearInterval(timer);
  }
  return !tooLarge.signal.aborted;
};

const packBytes = async ({ folder }: Git): Promise<number> => {
  const packs = join(folder, 'objects', 'pack');
  const sizes = (await readdir(packs)).map(async (name) => {
    try {
      return (await stat(join(packs, name))).size;
    } catch {
      return 0; // git renamed it between the two looks
    }
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
};
