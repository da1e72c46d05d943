// One run of the agent at a task: its folder, its session, the CLI, and what came of it. Nothing of it outlives the run.
import { cutText } from '#core/cut-text.ts';
import type { FailureClass } from '#core/failure.ts';
import { parseIntents } from '#core/intents.ts';
import type { Job } from '#core/job.ts';
import type { Policy } from '#core/policy.ts';
import type { Log } from '#core/ports/log.ts';
import type { Check, Outcome, RunReport } from '#core/task.ts';
import { printable } from '#core/text.ts';
import type { Briefing } from '#worker/claude/briefing.ts';
import type { ClaudeEnd } from '#worker/claude/verdict.ts';
import type { Git } from '#worker/git/git.ts';
import type { Base } from '#worker/git/origin.ts';
import { refuseSecrets } from '#worker/publish/patch-secrets.ts';
import { agentLimits } from '#worker/sandbox/agent-limits.ts';
import type { LeaseUser } from '#worker/sandbox/agents.ts';
import { filterTranscript } from '#worker/sandbox/transcript.ts';
import type { Taken } from '#worker/sandbox/workspace-git.ts';
import type { Workspace } from '#worker/sandbox/workspace.ts';
import { createWorkspace } from '#worker/sandbox/workspace.ts';
import type { NetworkConfig } from './doors.ts';
import { createDoors } from './doors.ts';
import type { Session, Unfinished } from './open-run.ts';
import { openRun } from './open-run.ts';
import type { CliConfig } from './run-cli.ts';
import { runCli } from './run-cli.ts';
import type { SavingTime } from './saving-time.ts';
import { createSavingTime } from './saving-time.ts';
import { createSpendNotes } from './spend-notes.ts';
import type { VerifyInput } from './verify.ts';
import { notRun, verify } from './verify.ts';

export type RunInput = {
  job: Job;
  /** What its folder holds; on a pull request a commit made for it. */
  base: Base;
  briefing: Briefing;
  git: Git;
  signal: AbortSignal;
  /** What may be spent in this run. */
  budgetUsd: number;
  /** Of the repository. */
  policy: Pick<Policy, 'caps' | 'verify' | 'network' | 'setup' | 'labels'>;
  /** Keeps a change before the policy's commands run on it: they take minutes, and it is paid for. */
  keep: (ran: Ran) => Promise<void>;
  /** Of an earlier task of the thread, or of the run that was interrupted: it is resumed. */
  session?: Session | undefined;
  unfinished?: Unfinished | undefined;
};

export type RunResult =
  | { kind: 'patch'; patch: Buffer }
  | { kind: 'ended'; outcome: Outcome }
  /** Through no fault of the request. What was done until then, where another run may go on from it. */
  | { kind: 'failed'; failure: FailureClass; detail: string; unfinished?: Unfinished }
  /** The signal was aborted, and there was time to save the work. */
  | { kind: 'interrupted'; patch: Buffer | undefined };

export type Ran = {
  sessionId: string;
  report: RunReport;
  /** What a later run can go on from; undefined when there is nothing that can be read. */
  transcript: Buffer | undefined;
  result: RunResult;
};
export type RunAgent = (input: RunInput) => Promise<Ran>;

type Held = { taskId: string; fence: number };
type RunStatus = 'succeeded' | 'failed' | 'cancelled' | 'timed_out';
/** Where a run and its money are counted. */
export type RunBooks = {
  start: (run: Held & { sessionId: string }) => Promise<void>;
  /** What it has cost so far; no call while another one is under way. */
  note: (run: Held & { usd: number }) => Promise<unknown>;
  finish: (run: Held & { status: RunStatus; report: RunReport }) => Promise<unknown>;
  settle: (run: Held & { usd: number }) => Promise<void>;
};

export type AgentConfig = Omit<CliConfig, 'user'> & {
  /** Each run has a user of its own. */
  leaseUser: LeaseUser;
  network?: NetworkConfig;
  /** From a stop that leaves time for it: for the CLI to end and for the work to be read. */
  savingMs?: number;
};

const noNetwork: NetworkConfig = { setupRegistries: [], openHosts: [] };

type Deps = { config: AgentConfig; books: RunBooks; log: Log };

const maxAnswerBytes = 60_000;
/** Of the 120 s that Fargate gives a task after SIGTERM. */
const defaultSavingMs = 30_000;

export const createRunAgent =
  ({ config, books, log }: Deps): RunAgent =>
  async (input) => {
    const { job, base, signal } = input;
    const held = { taskId: job.task.id, fence: job.fence };
    const place = await openPlace({ config, input, log });
    const { workspace, limits, user, doors } = place;
    const saving = createSavingTime(signal, config.savingMs ?? defaultSavingMs);
    try {
      const { prepared, ...opened } = await openRun(workspace, { ...input, prepare: doors.prepare }, log);
      await books.start({ ...held, sessionId: opened.opening.sessionId });
      const notes = createSpendNotes({ note: (usd) => books.note({ ...held, usd }), log });
      const { end, usage, durationMs, sessionId } = await runCli({
        ...opened,
        config: { ...config, user },
        workspace,
        limits,
        env: prepared.env,
        conventions: input.briefing.conventions,
        hasDoor: prepared.hasDoor,
        model: job.task.request.options.model,
        budgetUsd: input.budgetUsd,
        caps: input.policy.caps,
        onSpent: notes.spent,
        signal,
        log,
      });
      const { setupFailure } = prepared;
      const told = {
        turns: end.turns,
        durationMs,
        ...saidIn(end),
        ...(setupFailure && { setupFailure }),
      };
      const report: RunReport = { usage, ...told };
      await notes.written();
      // money that is gone is counted, whatever becomes of the job
      await books.settle({ ...held, usd: usage.costUsd });
      await books.finish({ ...held, status: runStatus[end.kind], report });
      const look = { redactor: config.redactor, log };
      const result = await toResult({ end, report, workspace, base, saving, signal, look });
      const transcript = await transcriptOf(workspace, sessionId, saving);
      saving.signal.throwIfAborted();
      await doors.close();
      const whole = { ...report, ...unfinishedIn(end, result) };
      const ran = { sessionId, report: whole, transcript, result };
      const { path } = config;
      return await checked(ran, { input, user, path, env: prepared.env, workspace, limits });
    } finally {
      saving.close();
      await place.close();
    }
  };

/** A change that was taken though the run did not come to its end. */
const unfinishedIn = (end: ClaudeEnd, { kind }: RunResult): Pick<RunReport, 'unfinished'> =>
  end.kind === 'failed' && kind === 'patch' ? { unfinished: 'over_budget' } : {};

type Opening = { config: AgentConfig; input: RunInput; log: Log };

/** A user, its folder and its doors, of this run alone. */
const openPlace = async ({ config, input, log }: Opening) => {
  const { job, base, policy, signal } = input;
  const { path, runsDir, network = noNetwork, limits = agentLimits() } = config;
  const { user, giveBack } = await config.leaseUser();
  const workspace = await createWorkspace({
    runsDir,
    name: job.task.threadKey.slice(0, 16),
    otherName: `${job.task.id}-${job.fence}`,
    user,
    limits,
    signal,
  }).catch(async (error: unknown) => {
    await giveBack();
    throw error;
  });
  const doors = createDoors({ network, policy, workspace, base, user, path, limits, runsDir, signal, log });
  const close = async () => {
    await doors.close();
    await workspace.remove().finally(giveBack);
  };
  return { user, limits, workspace, doors, close };
};

type Checking = Omit<VerifyInput, 'commands' | 'signal'> & { input: RunInput };

/** With what the policy's commands say of the change. */
const checked = async (ran: Ran, { input, ...place }: Checking): Promise<Ran> => {
  const { policy, keep, signal } = input;
  const commands = policy.verify;
  if (ran.result.kind !== 'patch' || commands.length === 0) return ran;
  const withChecks = (checks: Check[]): Ran => ({ ...ran, report: { ...ran.report, checks } });
  await keep(withChecks(commands.map(notRun)));
  return withChecks(await verify({ ...place, commands, signal }));
};

const runStatus = {
  succeeded: 'succeeded',
  failed: 'failed',
  hindered: 'failed',
  timed_out: 'timed_out',
  aborted: 'cancelled',
} as const satisfies { [K in ClaudeEnd['kind']]: RunStatus };

/** Postgres stores no U+0000, and nobody should be fooled by what cannot be seen. */
const saidIn = (end: ClaudeEnd): Pick<RunReport, 'answer' | 'intents' | 'intentProblems'> => {
  const { text, intents, problems } = parseIntents(wordsOf(end).trim());
  return {
    answer: cutText(printable(text), maxAnswerBytes, '\n[cut]'),
    ...(intents && { intents }),
    ...(problems.length > 0 && { intentProblems: problems }),
  };
};

const wordsOf = (end: ClaudeEnd): string => {
  if (end.kind === 'succeeded') return end.answer;
  return end.kind === 'failed' && end.reason === 'over_budget' ? end.said : '';
};

type Ended = {
  end: ClaudeEnd;
  report: RunReport;
  workspace: Workspace;
  base: Base;
  saving: SavingTime;
  signal: AbortSignal;
  look: Parameters<typeof refuseSecrets>[1];
};

const toResult = async ({
  end,
  report,
  workspace,
  base,
  saving,
  signal,
  look,
}: Ended): Promise<RunResult> => {
  if (signal.aborted && !saving.isSaving()) throw signal.reason;
  const take = async () => refuseSecrets(await workspace.takePatch(base.sha, saving.signal), look);
  if (signal.aborted) return toInterrupted(await take(), signal);
  switch (end.kind) {
    case 'failed': {
      const taken = end.reason === 'over_budget' ? await take() : undefined;
      if (signal.aborted && taken) return toInterrupted(taken, signal);
      if (taken?.kind === 'patch') return taken;
      return ended({ status: 'failed', reason: end.reason, detail: printable(end.detail) });
    }
    case 'timed_out':
      return ended({ status: 'timed_out', afterMs: end.afterMs });
    case 'hindered':
      return await toFailed(end, take);
    case 'aborted':
      throw new Error('the run was stopped by nobody that is known');
    case 'succeeded': {
      const taken = await take();
      // it came while the change was read: the next run finds the session at its end
      return signal.aborted ? toInterrupted(taken, signal) : toPublishable(report, taken);
    }
  }
};

/** Without the files the session would go on from a state that is gone: then the work is lost, as with any other stop. */
const toInterrupted = (taken: Taken, signal: AbortSignal): RunResult => {
  if (taken.kind === 'refused') throw signal.reason;
  return { kind: 'interrupted', patch: patchOf(taken) };
};

type Hindered = Extract<ClaudeEnd, { kind: 'hindered' }>;

const toFailed = async ({ failure, detail }: Hindered, take: () => Promise<Taken>): Promise<RunResult> => {
  const failed = { kind: 'failed', failure, detail: printable(detail) } as const;
  // what made the agent take too much lies in its files or in its plan: that run is not gone on with
  if (failure === 'out_of_memory' || failure === 'disk_full') return failed;
  const taken = await take();
  return taken.kind === 'refused' ? failed : { ...failed, unfinished: { patch: patchOf(taken) } };
};

const patchOf = (taken: Taken): Buffer | undefined => (taken.kind === 'patch' ? taken.patch : undefined);

const toPublishable = ({ answer, intents, intentProblems }: RunReport, taken: Taken): RunResult => {
  if (taken.kind === 'patch') return taken;
  if (taken.kind === 'refused')
    return ended({ status: 'failed', reason: 'patch_refused', detail: taken.detail });
  return answer === '' && !intents && !intentProblems
    ? ended({ status: 'failed', reason: 'nothing_done', detail: '' })
    : ended({ status: 'succeeded', result: { kind: 'answer' }, summary: answer });
};

const ended = (outcome: Outcome): RunResult => ({ kind: 'ended', outcome });

const transcriptOf = async (workspace: Workspace, sessionId: string, { signal }: SavingTime) => {
  const written = await workspace.takeTranscript(sessionId, signal);
  return written && filterTranscript(written, { sessionId, cwd: workspace.repository });
};
