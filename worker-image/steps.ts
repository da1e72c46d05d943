// The effects of a job, one per action. Each gives the step that is done with it and the facts it brought.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isBranchName } from '#core/branch-name.ts';
import type { JobFacts } from '#core/job.ts';
import type { Blobs } from '#core/ports/blobs.ts';
import type { Log } from '#core/ports/log.ts';
import type { Redactor } from '#core/redact.ts';
import type { Outcome, RunReport } from '#core/task.ts';
import { fetchBranch } from './bare-repository.ts';
import type { Action, Wait } from './decide.ts';
import type { Git } from './git.ts';
import { createGit } from './git.ts';
import { createFindSecrets } from './patch-secrets.ts';
import { commitPatch, pushCommit } from './publish.ts';
import { toComment, toCommitMessage, toProgress, toPullRequest, toWaiting } from './report.ts';
import type { RunAgent } from './run-agent.ts';
import { run } from './run-step.ts';
import type { Stored } from './say.ts';
import { createSay } from './say.ts';
import type { FetchBase, Fetched, Memory, Money, StepContext, Stepped, StepsInput } from './step-context.ts';
import { ended } from './step-context.ts';

type Of<K extends Action['kind']> = Extract<Action, { kind: K }>;

export type Steps = {
  clone: (facts: JobFacts) => Promise<Stepped>;
  run: (facts: JobFacts, action: Of<'run'>) => Promise<Stepped>;
  push: (facts: JobFacts, action: Of<'push'>) => Promise<Stepped>;
  openPullRequest: (facts: JobFacts, action: Of<'open_pull_request'>) => Promise<Stepped>;
  report: (facts: JobFacts, action: Of<'report'>) => Promise<Stepped>;
  /** Says on the thread why the task steps aside. */
  tellWait: (facts: JobFacts, wait: Wait) => Promise<void>;
  /** Removes what the steps left on this machine. */
  close: () => Promise<void>;
};

type Deps = {
  /** How the task stands, whoever holds it. */
  stored: Stored;
  blobs: Blobs;
  runAgent: RunAgent;
  memory: Memory;
  money: Money;
  redactor: Redactor;
  log: Log;
  budgetUsd: number;
  stateDir: string;
  maxRepositoryBytes?: number;
};

const megabyte = 1024 * 1024;

export const createOpenSteps =
  ({ stateDir, maxRepositoryBytes = 500 * megabyte, stored, ...stores }: Deps) =>
  async (input: StepsInput): Promise<Steps> => {
    const { job, access, signal } = input;
    const folder = join(stateDir, 'bare', `${job.task.id}-${job.fence}.git`);
    const close = () => rm(folder, { recursive: true, force: true });
    const git = await createGit({ folder, url: access.url, token: access.token, signal }).catch(
      async (error: unknown) => {
        await close(); // told to stop in its making
        throw error;
      },
    );
    const say = createSay({ ...input, stored });
    const fetchBase = createFetchBase(git, maxRepositoryBytes);
    const context: StepContext = { ...input, ...stores, git, say, fetchBase };
    return {
      clone: (facts) => clone(context, facts),
      run: (facts, action) => run(context, facts, action),
      push: (_, action) => push(context, action),
      openPullRequest: (_, action) => openPullRequest(context, action),
      report: (facts, action) => report(context, facts, action),
      tellWait: async (facts, wait) => void (await say(toWaiting(wait), facts)),
      close,
    };
  };

const clone = async (
  { job: { task }, access, say, fetchBase }: StepContext,
  facts: JobFacts,
): Promise<Stepped> => {
  const said = await say(toProgress('reading'), facts);
  const { repository } = task.thread;
  const { base: wanted, repository: elsewhere } = task.request.options;
  if (elsewhere && elsewhere.toLowerCase() !== repository.toLowerCase()) {
    return ended('received', badBase(`I can work in ${repository} only, not in ${elsewhere}.`), said);
  }
  if (wanted !== undefined && !isBranchName(wanted)) {
    return ended('received', badBase('That is no name of a branch.'), said);
  }
  const baseBranch = wanted ?? (await access.defaultBranch());
  const fetched = await fetchBase({ branch: baseBranch });
  if (fetched.kind === 'ended') return ended('received', fetched.outcome, said);
  return { step: 'cloned', facts: { ...said, repository, baseBranch, baseSha: fetched.sha } };
};

const push = async (context: StepContext, action: Of<'push'>): Promise<Stepped> => {
  const { job, access, git } = context;
  const patch = await context.blobs.get(action.patchKey);
  if (!patch) throw new Error('the stored patch is gone');
  const fetched = await context.fetchBase(action.base);
  if (fetched.kind === 'ended') return ended('ran', fetched.outcome);
  const committed = await commitPatch(git, {
    baseSha: action.base.sha,
    patch,
    message: context.redactor.text(toCommitMessage(job.task, action.report)),
    findSecrets: createFindSecrets(context),
    author: access.author,
    date: job.task.trigger.createdAt,
  });
  if (committed.kind === 'refused') return ended('ran', refused(committed.detail));
  const branch = `agent/${job.task.id}`;
  await context.hold();
  const pushed = await pushCommit(git, committed.sha, branch).catch(async () => {
    // once more, with a new token: what git says of a refused one is no stable text; a push looks first
    await access.renewToken();
    await context.hold();
    return await pushCommit(git, committed.sha, branch);
  });
  if (pushed.kind === 'refused') return ended('ran', refused(pushed.detail));
  return { step: 'pushed', facts: { branch, commitSha: committed.sha } };
};

const openPullRequest = async (
  { job: { task }, access, hold }: StepContext,
  { base, branch, report }: Of<'open_pull_request'>,
): Promise<Stepped> => {
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
  { job: { task }, say }: StepContext,
  facts: JobFacts,
  { outcome }: Of<'report'>,
): Promise<Stepped> => {
  const said = await say(toComment(task, outcome, facts.report), facts);
  return { step: 'reported', facts: said };
};

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

const badBase = (detail: string): Outcome => ({ status: 'failed', reason: 'bad_base', detail });
const refused = (detail: string): Outcome => ({ status: 'failed', reason: 'patch_refused', detail });

type Opened = { number: number; url: string };
const published = ({ number, url }: Opened, branch: string, { answer }: RunReport): Outcome => ({
  status: 'succeeded',
  result: { kind: 'pull_request', url, number, branch },
  summary: answer,
});
