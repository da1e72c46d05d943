// The CLI behind its gateway: one run's model, money and time.
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PolicyCaps } from '#core/policy.ts';
import type { Log } from '#core/ports/log.ts';
import type { Redactor } from '#core/redact.ts';
import type { Usage } from '#core/task.ts';
import type { Convention } from '#worker/claude/briefing.ts';
import { runClaude } from '#worker/claude/claude.ts';
import { systemPrompt } from '#worker/claude/prompt.ts';
import type { ClaudeEnd } from '#worker/claude/verdict.ts';
import type { Upstream } from '#worker/gateway/forward.ts';
import type { Gateway } from '#worker/gateway/gateway.ts';
import { startGateway } from '#worker/gateway/gateway.ts';
import { modelsOf } from '#worker/gateway/models.ts';
import type { AgentLimits } from '#worker/sandbox/agent-limits.ts';
import type { AgentUser } from '#worker/sandbox/agent-user.ts';
import type { Workspace } from '#worker/sandbox/workspace.ts';

export type CliConfig = {
  user: AgentUser;
  binary: string;
  stateDir: string;
  runsDir: string;
  model: string;
  /** What a person may name instead. */
  models?: readonly string[] | undefined;
  maxTurns: number;
  /** Learns the run's token. */
  redactor: Redactor;
  /** The agent's PATH. */
  path: string;
  upstream: () => Promise<Upstream>;
  limits?: AgentLimits;
  idleMs?: number;
  deadlineMs?: number;
  /** From SIGTERM to SIGKILL. */
  graceMs?: number;
  maxRetries?: number;
};

/** With a session the CLI resumes it; without one it begins the one that is named. */
export type Opening = { prompt: string; sessionId: string; isResumed: boolean };

type CliInput = {
  config: CliConfig;
  workspace: Workspace;
  opening: Opening;
  /** Takes the place of an opening whose session the CLI or the model does not take. */
  anew: () => Opening;
  conventions: readonly Convention[];
  model: string | undefined;
  budgetUsd: number;
  /** Of the repository's policy: they can only narrow ours. */
  caps: PolicyCaps;
  limits: AgentLimits;
  /** Beside what every run gets. */
  env: Readonly<Record<string, string>>;
  /** It may reach a port of ours. */
  hasDoor: boolean;
  onSpent: (usd: number) => void;
  signal: AbortSignal;
  log: Log;
};
type CliEnd = { end: ClaudeEnd; usage: Usage; durationMs: number; sessionId: string };

const defaultIdleMs = 5 * 60_000;
/** Ours: Fargate has none. */
const defaultDeadlineMs = 60 * 60_000;

/** The socket lies in a folder that the agent may pass but not change. */
export const runCli = async (input: CliInput): Promise<CliEnd> => {
  const { config, budgetUsd, onSpent, signal, log } = input;
  const runToken = randomBytes(32).toString('hex');
  config.redactor.register('run-token', runToken);
  const folder = join(config.stateDir, `gateway-${randomBytes(4).toString('hex')}`);
  await mkdir(folder, { mode: 0o711 });
  await chmod(folder, 0o711); // whatever the umask
  const socketPath = join(folder, 'model.sock');
  const startedAt = performance.now();
  try {
    const upstream = await config.upstream();
    const models = modelsOf(config, input.model);
    const limits = { runToken, models, budgetUsd };
    const gateway = await startGateway({ socketPath, upstream, ...limits, onSpent, log, signal });
    try {
      const played = await openSession(input, { gateway, socketPath, runToken });
      await gateway.close(); // before its usage is read: a call under way has to be paid
      const durationMs = Math.round(performance.now() - startedAt);
      return { ...played, usage: gateway.usage(), durationMs };
    } finally {
      await gateway.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

type Door = { gateway: Gateway; socketPath: string; runToken: string };

const openSession = async (input: CliInput, door: Door) => {
  const { opening, anew, log } = input;
  const end = await play(input, door, opening);
  const { sessionId } = opening;
  // the model has not said a word: it lies in what it was to go on from
  const isRejected = opening.isResumed && end.kind === 'failed' && door.gateway.usage().outputTokens === 0;
  if (!isRejected) return { end, sessionId };
  log.warn('session not resumed', { sessionId, detail: end.detail });
  const fresh = anew();
  return { end: await play(input, door, fresh), sessionId: fresh.sessionId };
};

const play = (input: CliInput, door: Door, opening: Opening): Promise<ClaudeEnd> => {
  const { config, workspace, budgetUsd, caps, limits, signal, log } = input;
  const { prompt, sessionId, isResumed } = opening;
  return runClaude({
    binary: config.binary,
    user: config.user,
    workspace: workspace.repository,
    home: workspace.home,
    tmp: workspace.tmp,
    socketPath: door.socketPath,
    runToken: door.runToken,
    prompt,
    systemPrompt: systemPrompt(input.conventions),
    model: input.model ?? config.model,
    maxTurns: Math.min(config.maxTurns, caps.maxTurns ?? config.maxTurns),
    budgetUsd,
    sessionId,
    resume: isResumed ? sessionId : undefined,
    path: config.path,
    env: input.env,
    hasDoor: input.hasDoor,
    signal,
    idleMs: config.idleMs ?? defaultIdleMs,
    deadlineMs: Math.min(config.deadlineMs ?? defaultDeadlineMs, (caps.maxMinutes ?? Infinity) * 60_000),
    graceMs: config.graceMs,
    maxRetries: config.maxRetries,
    limits,
    runsDir: config.runsDir,
    isOverBudget: door.gateway.overBudget,
    modelView: door.gateway.modelView,
    log,
  });
};
