// One run of the agent at a task: its folder, its gateway, the CLI, and what came of it. Nothing of it outlives the run.
import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cutText } from '#core/cut-text.ts';
import type { FailureClass } from '#core/failure.ts';
import type { Job } from '#core/job.ts';
import type { Log } from '#core/ports/log.ts';
import type { Outcome, RunReport, Usage } from '#core/task.ts';
import { printable } from '#core/text.ts';
import type { AgentUser } from './agent-user.ts';
import { runClaude } from './claude.ts';
import type { ClaudeEnd } from './claude-stream.ts';
import type { Base } from './decide.ts';
import { startGateway } from './gateway.ts';
import type { Git } from './git.ts';
import { systemPrompt, toPrompt } from './prompt.ts';
import type { Taken, Workspace } from './workspace.ts';
import { createWorkspace } from './workspace.ts';

type RunResult =
  | { kind: 'patch'; patch: Buffer }
  | { kind: 'ended'; outcome: Outcome }
  | { kind: 'failed'; failure: FailureClass; detail: string }
  | { kind: 'interrupted'; patch: Buffer | undefined };
export type Ran = {
  sessionId: string;
  report: RunReport;
  transcript: Buffer | undefined;
  result: RunResult;
};
export type Session = { sessionId: string; transcript: Uint8Array };
type RunInput = {
  job: Job;
  base: Base;
  git: Git;
  signal: AbortSignal;
  budgetUsd: number;
  session?: Session | undefined;
  unfinished?: { patch: Uint8Array | undefined } | undefined;
};
export type RunAgent = (input: RunInput) => Promise<Ran>;

type Held = { taskId: string; fence: number };
type RunStatus = 'succeeded' | 'failed' | 'cancelled' | 'timed_out';
/** Where a run and its money are counted. */
type RunBooks = {
  start: (run: Held & { sessionId: string }) => Promise<void>;
  finish: (run: Held & { status: RunStatus; report: RunReport }) => Promise<unknown>;
  settle: (run: Held & { usd: number }) => Promise<void>;
  /** What it has spent so far. */
  note: (run: Held & { usd: number }) => Promise<void>;
};

export type AgentConfig = {
  user: AgentUser;
  binary: string;
  stateDir: string;
  runsDir: string;
  model: string;
  maxTurns: number;
  /** The agent's PATH. */
  path: string;
  upstream: () => Promise<{ baseUrl: string; apiKey: string }>;
  idleMs?: number;
  deadlineMs?: number;
};

type Deps = { config: AgentConfig; books: RunBooks; log: Log };

const maxAnswerBytes = 60_000;
const defaultIdleMs = 5 * 60_000;
/** Ours: Fargate has none. */
const defaultDeadlineMs = 60 * 60_000;

export const createRunAgent =
  ({ config, books, log }: Deps): RunAgent =>
  async ({ job, base, git, signal, budgetUsd }) => {
    const held = { taskId: job.task.id, fence: job.fence };
    const sessionId = randomUUID();
    const name = `${held.taskId}-${held.fence}`;
    const workspace = await createWorkspace({ runsDir: config.runsDir, name, user: config.user, signal });
    try {
      const bundle = git.stream(['bundle', 'create', '--quiet', '-', `refs/heads/${base.branch}`]);
      await Promise.all([workspace.fill(bundle.stdout, base.branch), bundle.ended]);
      await books.start({ ...held, sessionId });
      const { end, usage, durationMs } = await runCli({
        config,
        job,
        base,
        budgetUsd,
        workspace,
        sessionId,
        signal,
        log,
      });
      const report: RunReport = { usage, turns: end.turns, durationMs, answer: answerOf(end) };
      // money that is gone is counted, whatever becomes of the job
      await books.settle({ ...held, usd: usage.costUsd });
      await books.finish({ ...held, status: runStatus[end.kind], report });
      const taken = end.kind === 'succeeded' ? await workspace.takePatch(base.sha) : undefined;
      signal.throwIfAborted();
      return { sessionId, report, transcript: undefined, result: toResult(end, report, taken) };
    } finally {
      await workspace.remove();
    }
  };

const runStatus = {
  succeeded: 'succeeded',
  failed: 'failed',
  timed_out: 'timed_out',
  aborted: 'cancelled',
} as const satisfies { [K in ClaudeEnd['kind']]: RunStatus };

type CliInput = Omit<RunInput, 'git'> & {
  config: AgentConfig;
  workspace: Workspace;
  sessionId: string;
  log: Log;
};
type CliEnd = { end: ClaudeEnd; usage: Usage; durationMs: number };

/** The CLI behind its gateway; the socket lies in a folder that the agent may pass but not change. */
const runCli = async ({
  config,
  job,
  base,
  budgetUsd,
  workspace,
  sessionId,
  signal,
  log,
}: CliInput): Promise<CliEnd> => {
  const { request, thread, trigger } = job.task;
  const runToken = randomBytes(32).toString('hex');
  const folder = join(config.stateDir, `gateway-${randomBytes(4).toString('hex')}`);
  await mkdir(folder, { mode: 0o711 });
  await chmod(folder, 0o711); // whatever the umask
  const socketPath = join(folder, 'model.sock');
  const startedAt = performance.now();
  try {
    const upstream = await config.upstream();
    const gateway = await startGateway({ socketPath, upstream, runToken, budgetUsd, log, signal });
    try {
      const end = await runClaude({
        binary: config.binary,
        user: config.user,
        workspace: workspace.repository,
        home: workspace.home,
        tmp: workspace.tmp,
        socketPath,
        runToken,
        prompt: toPrompt({ thread, request, author: trigger.author.login, baseBranch: base.branch }),
        systemPrompt: systemPrompt(),
        model: request.options.model ?? config.model,
        maxTurns: config.maxTurns,
        budgetUsd,
        sessionId,
        path: config.path,
        signal,
        idleMs: config.idleMs ?? defaultIdleMs,
        deadlineMs: config.deadlineMs ?? defaultDeadlineMs,
        isOverBudget: gateway.overBudget,
        log,
      });
      return { end, usage: gateway.usage(), durationMs: Math.round(performance.now() - startedAt) };
    } finally {
      await gateway.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Postgres stores no U+0000, and nobody should be fooled by what cannot be seen. */
const answerOf = (end: ClaudeEnd): string =>
  end.kind === 'succeeded' ? cutText(printable(end.answer.trim()), maxAnswerBytes, '\n[cut]') : '';

const toResult = (end: ClaudeEnd, { answer }: RunReport, taken: Taken | undefined): RunResult => {
  switch (end.kind) {
    case 'failed':
      return ended({ status: 'failed', reason: end.reason, detail: printable(end.detail) });
    case 'timed_out':
      return ended({ status: 'timed_out', afterMs: end.afterMs });
    case 'aborted':
      throw new Error('the run was stopped by nobody that is known');
    case 'succeeded':
      return toPublishable(answer, taken);
  }
};

const toPublishable = (answer: string, taken: Taken | undefined): RunResult => {
  if (taken?.kind === 'patch') return taken;
  if (taken?.kind === 'refused')
    return ended({ status: 'failed', reason: 'patch_refused', detail: taken.detail });
  return answer === ''
    ? ended({ status: 'failed', reason: 'nothing_done', detail: '' })
    : ended({ status: 'succeeded', result: { kind: 'answer' }, summary: answer });
};

const ended = (outcome: Outcome): RunResult => ({ kind: 'ended', outcome });
