// Brings what a job starts from into its bare repository, once per worker; one that goes on from a stored step begins empty.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '#core/task.ts';
import type { Fetched } from './bare-repository.ts';
import { fetchBranch, fetchPullHead } from './bare-repository.ts';
import type { Git } from './git.ts';
import type { Base, Head, Origin } from './origin.ts';
import { restoreTrusted } from './restore-trusted.ts';

type Ended = { kind: 'ended'; outcome: Outcome };
type Found = { kind: 'fetched'; sha: string } | Ended;
/** `start`: what the agent's folder holds. `restored`: the paths in which it differs from the pull request's head. */
export type Started = { kind: 'started'; start: Base; restored: string[] } | Ended;

/** A pull request's head, or the commit of it that an earlier worker started from. */
type WantedHead = Pick<Head, 'branch' | 'isFork'> & { sha?: string };

export type FetchOrigin = {
  base: (base: { branch: string } | Base) => Promise<Found>;
  head: (head: WantedHead) => Promise<Found>;
  start: (origin: Origin) => Promise<Started>;
};

type Deps = { git: Git; number: number; maxBytes: number };

export const createFetchOrigin = ({ git, number, maxBytes }: Deps): FetchOrigin => {
  const fetchBase = once(async (wanted: { branch: string; sha?: string; mustHold?: boolean }) =>
    toFound(await fetchBranch(git, { ...wanted, maxBytes }), { what: `branch ${wanted.branch}`, maxBytes }),
  );
  const fetchHead = once(async ({ sha }: WantedHead) =>
    toFound(await fetchPullHead(git, { number, sha, mustHold: true, maxBytes }), {
      what: 'head of this pull request',
      maxBytes,
    }),
  );

  const start: FetchOrigin['start'] = async ({ base, head }) => {
    // what is trusted has to be what the branch holds: a commit that was pushed away from it is not
    const based = await fetchBase({ ...base, mustHold: head !== undefined });
    if (based.kind === 'ended') return based;
    if (!(await isReadable(git, base.sha))) return badTree;
    if (!head) return { kind: 'started', start: base, restored: [] };
    const headed = await fetchHead(head);
    if (headed.kind === 'ended') return headed;
    if (!(await isReadable(git, head.sha))) return badTree;
    const { sha, restored } = await restoreTrusted(git, { baseSha: base.sha, headSha: head.sha });
    const branch = `pull-request-${number}`;
    await git.run(['update-ref', `refs/heads/${branch}`, sha]);
    return { kind: 'started', start: { branch, sha }, restored };
  };
  return { base: fetchBase, head: fetchHead, start };
};

/** Into an index, where git checks each name; on GitHub no such tree is taken, so whoever made it means harm. */
const isReadable = async (git: Git, sha: string): Promise<boolean> => {
  const env = { GIT_INDEX_FILE: join(git.folder, 'check-index') };
  await rm(join(git.folder, 'check-index'), { force: true });
  return (await git.attempt(['read-tree', sha], { env })).code === 0;
};

const once = <I, T>(act: (input: I) => Promise<T>) => {
  let known: Promise<T> | undefined;
  return (input: I): Promise<T> => (known ??= act(input));
};

const megabyte = 1024 * 1024;

const toFound = (fetched: Fetched, { what, maxBytes }: { what: string; maxBytes: number }): Found => {
  switch (fetched.kind) {
    case 'fetched':
      return fetched;
    case 'missing':
      return badBase(`There is no ${what}, or it has no commit yet.`);
    case 'too_large':
      return badBase(`The repository is larger than ${maxBytes / megabyte} MB.`);
    case 'rewritten':
      return badBase(`The ${what} was rewritten since you asked, and does not hold the commit any more.`);
  }
};

export const badBase = (detail: string): Ended => ({
  kind: 'ended',
  outcome: { status: 'failed', reason: 'bad_base', detail },
});

const badTree = badBase('It holds names that git refuses, such as `.git` in another spelling.');
