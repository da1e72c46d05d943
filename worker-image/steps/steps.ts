// The effects of a job, one per action. Each gives the step that is done with it and the facts it brought.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isBranchName } from '#core/branch-name.ts';
import type { JobFacts } from '#core/job.ts';
import type { Blobs } from '#core/ports/blobs.ts';
import type { Log } from '#core/ports/log.ts';
import type { Redactor } from '#core/redact.ts';
import type { Outcome, RunReport } from '#core/task.ts';
import type { ModelChoice } from '#worker/gateway/models.ts';
import { problemWithModel } from '#worker/gateway/models.ts';
import { badBase, createFetchOrigin } from '#worker/git/fetch-origin.ts';
import { createGit } from '#worker/git/git.ts';
import { createFindSecrets } from '#worker/publish/patch-secrets.ts';
import { refusalOfHead, refusalOfRestored } from '#worker/publish/publish-on-head.ts';
import { commitPatch } from '#worker/publish/publish.ts';
import type { RunAgent } from '#worker/run/run-agent.ts';
import { carryOutIntents } from './carry-out.ts';
import type { Action, Wait } from './decide.ts';
import { findOrigin } from './find-origin.ts';
import { pushOnce } from './push-once.ts';
import { findHeldBranch, releaseCi } from './release-ci.ts';
import { createPolicyAt } from './read-policy.ts';
import { hasFailed } from './report-checks.ts';
import { toComment, toCommitMessage, toProgress, toPullRequest, toWaiting } from './report.ts';
import { run } from './run-step.ts';
import type { Stored } from './say.ts';
import { createSay } from './say.ts';
import type { Memory, Money, PublishedBranches, StepContext, Stepped, StepsInput } from './step-context.ts';
import { ended } from './step-context.ts';

type Of<K extends Action['kind']> = Extract<Action, { kind: K }>;

export type Steps = {
  clone: (facts: JobFacts) => Promise<Stepped>;
  findHeldBranch: () => Promise<Stepped>;
  releaseCi: (action: Of<'release_ci'>) => Promise<Stepped>;
  run: (facts: JobFacts, action: Of<'run'>) => Promise<Stepped>;
  push: (facts: JobFacts, action: Of<'push'>) => Promise<Stepped>;
  openPullRequest: (facts: JobFacts, action: Of<'open_pull_request'>) => Promise<Stepped>;
  carryOut: (action: Of<'carry_out'>) => Promise<JobFacts>;
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
  published: PublishedBranches;
  redactor: Redactor;
  log: Log;
  budgetUsd: number;
  models: ModelChoice;
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
    const { number } = job.task.thread;
    const fetch = createFetchOrigin({ git, number, maxBytes: maxRepositoryBytes });
    const policyAt = createPolicyAt(git);
    const context = { ...input, ...stores, maxRepositoryBytes, git, say, fetch, policyAt };
    return {
      clone: (facts) => clone(context, facts),
      findHeldBranch: () => findHeldBranch(context),
      releaseCi: ({ base }) => releaseCi(context, base),
      run: (facts, action) => run(context, facts, action),
      push: (_, action) => push(context, action),
      openPullRequest: (facts, action) => openPullRequest(context, facts, action),
      carryOut: (action) => carryOutIntents(context, action),
      report: (facts, action) => report(context, facts, action),
      tellWait: async (facts, wait) => void (await say(toWaiting(wait), facts)),
      close,
    };
  };

const clone = async (context: StepContext, known: JobFacts): Promise<Stepped> => {
  const { job, say, fetch } = context;
  const { task } = job;
  const said = await say(toProgress('reading'), known);
  const { repository } = task.thread;
  const { base: wanted, repository: elsewhere } = task.request.options;
  if (elsewhere && elsewhere.toLowerCase() !== repository.toLowerCase()) {
    const { outcome } = badBase(`I can work in ${repository} only, not in ${elsewhere}.`);
    return ended('received', outcome, said);
  }
  if (wanted !== undefined && !isBranchName(wanted)) {
    return ended('received', badBase('That is no name of a branch.').outcome, said);
  }
  const problem = problemWithModel(context.models, task.request.options.model);
  if (problem !== undefined)
    return ended('received', { status: 'failed', reason: 'bad_model', detail: problem }, said);
  const from = wanted === undefined ? await findOrigin(context) : { base: { branch: wanted } };
  if ('kind' in from) return ended('received', from.outcome, said);
  const base = await fetch.base(from.base);
  if (base.kind === 'ended') return ended('received', base.outcome, said);
  const found = await context.policyAt(base.sha);
  if (found.kind === 'ended') return ended('received', found.outcome, said);
  const facts = { ...said, repository, baseBranch: from.base.branch, baseSha: base.sha };
  if (!from.head) return { step: 'cloned', facts };
  const head = await fetch.head(from.head);
  if (head.kind === 'ended') return ended('received', head.outcome, said);
  return { step: 'cloned', facts: { ...facts, head: { ...from.head, sha: head.sha } } };
};

const push = async (context: StepContext, action: Of<'push'>): Promise<Stepped> => {
  const { job, access, git } = context;
  const patch = await context.blobs.get(action.patchKey);
  if (!patch) throw new Error('the stored patch is gone');
  const started = await context.fetch.start(action);
  if (started.kind === 'ended') return ended('ran', started.outcome);
  const gone = action.head && (await refusalOfHead(git, action.head));
  if (gone) return ended('ran', gone);
  const parent = action.head ?? action.base;
  const found = await context.policyAt(action.base.sha);
  if (found.kind === 'ended') return ended('ran', found.outcome);
  const { policy } = found;
  const isCiHeld = policy.ci === 'ask';
  const change = {
    baseSha: parent.sha,
    patch,
    message: context.redactor.text(toCommitMessage(job.task, action.report, { isCiHeld })),
    author: access.author,
    date: job.task.trigger.createdAt,
  };
  const committed = await commitPatch(git, change, {
    policy,
    findSecrets: createFindSecrets(context),
  });
  const foreign = await refusalOfRestored(git, { ...started, parent: parent.sha, committed });
  if (foreign !== undefined) return ended('ran', refused(foreign));
  if (committed.kind === 'refused') return ended('ran', refused(committed.detail));
  const branch = `agent/${job.task.id}`;
  const pushed = await pushOnce(context, { sha: committed.sha, branch });
  if (pushed.kind === 'refused') return ended('ran', refused(pushed.detail));
  return { step: 'pushed', facts: { branch, commitSha: committed.sha, isCiHeld } };
};

const openPullRequest = async (
  { job: { task }, access, hold }: StepContext,
  facts: JobFacts,
  { base, head, branch, report }: Of<'open_pull_request'>,
): Promise<Stepped> => {
  await hold();
  const isDraft = hasFailed(report) || report.unfinished !== undefined || task.request.options.draft;
  const pullRequest = await access.openPullRequest({
    head: branch,
    base: (head ?? base).branch, // never pushed to a person's branch: offered to it
    ...toPullRequest(task, report, facts),
    ...(isDraft && { draft: true }),
  });
  return { step: 'opened', facts: { pullRequest, outcome: published(pullRequest, branch, report) } };
};

const report = async (
  { job: { task }, say }: StepContext,
  facts: JobFacts,
  { outcome }: Of<'report'>,
): Promise<Stepped> => {
  const said = await say(toComment(task, outcome, facts), facts);
  return { step: 'reported', facts: said };
};

const refused = (detail: string): Outcome => ({ status: 'failed', reason: 'patch_refused', detail });

type Opened = { number: number; url: string };
const published = ({ number, url }: Opened, branch: string, report: RunReport): Outcome => {
  const { answer: summary, unfinished } = report;
  if (unfinished)
    return { status: 'failed', reason: unfinished, detail: '', draft: { url, number, branch, summary } };
  return { status: 'succeeded', result: { kind: 'pull_request', url, number, branch }, summary };
};
