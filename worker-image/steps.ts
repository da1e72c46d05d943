// The effects of a job, one per action. Each gives the step that is done with it and the facts it brought.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isBranchName } from '#core/branch-name.ts';
import type { Job, JobFacts } from '#core/job.ts';
import { jobFactsSchema } from '#core/job.ts';
import type { Blobs } from '#core/ports/blobs.ts';
import type { Outcome, RunReport, Step } from '#core/task.ts';
import { fetchBranch } from './bare-repository.ts';
import type { Action, Base } from './decide.ts';
import type { Git } from './git.ts';
import { createGit } from './git.ts';
import type { GithubAccess } from './github-access.ts';
import { commitPatch, pushCommit } from './publish.ts';
import { toComment, toCommitMessage, toProgress, toPullRequest } from './report.ts';
import type { RunAgent } from './run-agent.ts';

export type Progress = { step: Step; facts: JobFacts };
type Of<K extends Action['kind']> = Extract<Action, { kind: K }>;

export type Steps = {
  clone: (facts: JobFacts) => Promise<Progress>;
  run: (facts: JobFacts, action: Of<'run'>) => Promise<Progress>;
  push: (facts: JobFacts, action: Of<'push'>) => Promise<Progress>;
  openPullRequest: (facts: JobFacts, action: Of<'open_pull_request'>) => Promise<Progress>;
  report: (facts: JobFacts, action: Of<'report'>) => Promise<Progress>;
  /** Removes what the steps left on this machine. */
  close: () => Promise<void>;
};

export type StepsInput = {
  job: Job;
  access: GithubAccess;
  /** Before each write to the outside: throws when the job is not ours any more. */
  hold: () => Promise<void>;
  signal: AbortSignal;
};

type Deps = { blobs: Blobs; runAgent: RunAgent; stateDir: string; maxRepositoryBytes?: number };

const megabyte = 1024 * 1024;

export const createOpenSteps =
  ({ blobs, runAgent, stateDir, maxRepositoryBytes = 500 * megabyte }: Deps) =>
  async ({ job, access, hold, signal }: StepsInput): Promise<Steps> => {
    const folder = join(stateDir, 'bare', `${job.task.id}-${job.fence}.git`);
    const git = await createGit({ folder, url: access.url, token: access.token, signal });
    const say: Context['say'] = async (body, { commentId }) => {
      await hold();
      return await access.say(body, commentId);
    };
    const fetchBase = createFetchBase(git, maxRepositoryBytes);
    const context: Context = { job, access, hold, signal, git, say, fetchBase, blobs, runAgent };
    return {
      clone: (facts) => clone(context, facts),
      run: (facts, action) => run(context, facts, action),
      push: (_, action) => push(context, action),
      openPullRequest: (_, action) => openPullRequest(context, action),
      report: (facts, action) => report(context, facts, action),
      close: async () => await rm(folder, { recursive: true, force: true }),
    };
  };

type Context = StepsInput & {
  git: Git;
  fetchBase: FetchBase;
  say: (body: string, facts: JobFacts) => Promise<string>;
  blobs: Blobs;
  runAgent: RunAgent;
};

const clone = async (
  { job: { task }, access, say, fetchBase }: Context,
  facts: JobFacts,
): Promise<Progress> => {
  const commentId = await say(toProgress('reading'), facts);
  const { repository } = task.thread;
  const { base: wanted, repository: elsewhere } = task.request.options;
  if (elsewhere && elsewhere.toLowerCase() !== repository.toLowerCase()) {
    return ended('received', badBase(`I can work in ${repository} only, not in ${elsewhere}.`), {
      commentId,
    });
  }
  if (wanted !== undefined && !isBranchName(wanted)) {
    return ended('received', badBase('That is no name of a branch.'), { commentId });
  }
  const baseBranch = wanted ?? (await access.defaultBranch());
  const fetched = await fetchBase({ branch: baseBranch });
  if (fetched.kind === 'ended') return ended('received', fetched.outcome, { commentId });
  return { step: 'cloned', facts: { commentId, repository, baseBranch, baseSha: fetched.sha } };
};

const run = async (context: Context, facts: JobFacts, { base }: Of<'run'>): Promise<Progress> => {
  const { job, git, hold, signal, blobs } = context;
  const commentId = await context.say(toProgress('working', facts), facts);
  const { beginnings = 1 } = facts;
  const paidKey = `tasks/${job.task.id}/run${beginnings > 1 ? `-${beginnings}` : ''}.json`;
  const paid = await blobs.get(paidKey);
  if (paid) return { step: 'ran', facts: jobFactsSchema.parse(JSON.parse(Buffer.from(paid).toString())) };

  const fetched = await context.fetchBase(base);
  if (fetched.kind === 'ended') return ended('cloned', fetched.outcome, { commentId });
  const { result, ...learnt } = await context.runAgent({ job, base, git, signal });
  await hold();
  const patchKey = result.kind === 'patch' ? `tasks/${job.task.id}/${job.fence}.patch` : null;
  if (result.kind === 'patch' && patchKey) await blobs.put(patchKey, result.patch, 'text/x-diff');
  const ran = { commentId, ...learnt, patchKey, ...(result.kind === 'ended' && { outcome: result.outcome }) };
  // before Postgres hears of it: should that fail, the next worker finds the run here and pays for no other
  await blobs.put(paidKey, Buffer.from(JSON.stringify(ran)), 'application/json');
  return { step: 'ran', facts: ran };
};

const push = async (context: Context, action: Of<'push'>): Promise<Progress> => {
  const { job, access, git } = context;
  const patch = await context.blobs.get(action.patchKey);
  if (!patch) throw new Error('the stored patch is gone');
  const fetched = await context.fetchBase(action.base);
  if (fetched.kind === 'ended') return ended('ran', fetched.outcome);
  const committed = await commitPatch(git, {
    baseSha: action.base.sha,
    patch,
    message: toCommitMessage(job.task, action.report),
    author: access.author,
    date: job.task.trigger.createdAt,
  });
  if (committed.kind === 'refused') return ended('ran', refused(committed.detail));
  const branch = `agent/${job.task.id}`;
  await context.hold();
  const pushed = await pushCommit(git, committed.sha, branch);
  if (pushed.kind === 'refused') return ended('ran', refused(pushed.detail));
  return { step: 'pushed', facts: { branch, commitSha: committed.sha } };
};

const openPullRequest = async (
  { job: { task }, access, hold }: Context,
  { base, branch, report }: Of<'open_pull_request'>,
): Promise<Progress> => {
  await hold();
  const { draft } = task.request.options;
  const pullRequest = await access.openPullRequest({
    head: branch,
    base: base.branch,
    ...toPullRequest(task, report),
    ...(draft !== undefined && { draft }),
  });
  return { step: 'opened', facts: { pullRequest, outcome: published(pullRequest, branch, report) } };
};

const report = async (
  { job: { task }, say }: Context,
  facts: JobFacts,
  { outcome }: Of<'report'>,
): Promise<Progress> => {
  const commentId = await say(toComment(task, outcome, facts.report), facts);
  return { step: 'reported', facts: { commentId } };
};

type Fetched = { kind: 'fetched'; sha: string } | { kind: 'ended'; outcome: Outcome };

type FetchBase = (base: { branch: string } | Base) => Promise<Fetched>;

/** Fetches once per worker; a worker that goes on from a stored step begins with an empty repository. */
const createFetchBase = (git: Git, maxBytes: number): FetchBase => {
  let known: Promise<Fetched> | undefined;
  const fetchOnce = async ({ branch, sha }: { branch: string; sha?: string }): Promise<Fetched> => {
    const fetched = await fetchBranch(git, { branch, sha, maxBytes });
    switch (fetched.kind) {
      case 'fetched':
        return fetched;
      case 'missing':
        return { kind: 'ended', outcome: badBase(`There is no branch ${branch}, or it has no commit yet.`) };
      case 'too_large':
        return {
          kind: 'ended',
          outcome: badBase(`The repository is larger than ${maxBytes / megabyte} MB.`),
        };
    }
  };
  return (base) => (known ??= fetchOnce(base));
};

const ended = (step: Step, outcome: Outcome, facts: JobFacts = {}): Progress => ({
  step,
  facts: { ...facts, outcome },
});

const badBase = (detail: string): Outcome => ({ status: 'failed', reason: 'bad_base', detail });
const refused = (detail: string): Outcome => ({ status: 'failed', reason: 'patch_refused', detail });

type Opened = { number: number; url: string };
const published = ({ number, url }: Opened, branch: string, { answer }: RunReport): Outcome => ({
  status: 'succeeded',
  result: { kind: 'pull_request', url, number, branch },
  summary: answer,
});
