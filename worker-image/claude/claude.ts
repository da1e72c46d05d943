// One run of the Claude CLI as the agent. Ends are values; only what we got wrong ourselves is thrown.
import { dirname, isAbsolute } from 'node:path';
import type { Log } from '#core/ports/log.ts';
import type { AgentLimits } from '#worker/sandbox/agent-limits.ts';
import { drained, exitOf, keepTail } from '#worker/sandbox/agent-process.ts';
import type { AgentUser } from '#worker/sandbox/agent-user.ts';
import { spawnAsAgent } from '#worker/sandbox/agent-user.ts';
import { killAgent } from '#worker/sandbox/kill-agent.ts';
import { createGuard } from './guard.ts';
import type { ClaudeEvent } from './stream.ts';
import { readClaudeStream } from './stream.ts';
import type { ClaudeEnd, ModelView } from './verdict.ts';
import { judge } from './verdict.ts';

export type ClaudeRun = {
  binary: string;
  user: AgentUser;
  /** These three are the agent's own folders. */
  workspace: string;
  home: string;
  tmp: string;
  /** Where the gateway listens, and the token that it takes from this run. */
  socketPath: string;
  runToken: string;
  prompt: string;
  systemPrompt: string;
  model: string;
  /** 0 would mean "without end" to the CLI. */
  maxTurns: number;
  budgetUsd: number;
  sessionId: string;
  /** Goes on with an earlier session instead of beginning `sessionId`. */
  resume?: string | undefined;
  /** The agent's PATH, from agentPath(). */
  path?: string | undefined;
  /** For the agent's tools. */
  env?: Readonly<Record<string, string>> | undefined;
  /** It may reach a port of ours: its loopback cannot be its own. */
  hasDoor?: boolean | undefined;
  signal: AbortSignal;
  /** Without an event for so long it is ended. */
  idleMs: number;
  deadlineMs: number;
  /** From SIGTERM to SIGKILL, and for pipes that somebody still holds. */
  graceMs?: number | undefined;
  /** So long after its result it may still be there. */
  resultGraceMs?: number | undefined;
  /** How often the CLI asks the model again by itself before it gives up. */
  maxRetries?: number | undefined;
  limits?: AgentLimits | undefined;
  /** The supervisor's folder on the disk whose free space is watched. */
  runsDir: string;
  onEvent?: ((event: ClaudeEvent) => void) | undefined;
  /** The gateway's word on whether the money is spent. */
  isOverBudget?: (() => boolean) | undefined;
  /** The gateway's word on the last call of the model. */
  modelView?: (() => ModelView) | undefined;
  log: Log;
};

const defaultGraceMs = 10_000;
const defaultResultGraceMs = 10_000;
const defaultMaxRetries = 3;
const maxStderrBytes = 4096;

export const runClaude = async (run: ClaudeRun): Promise<ClaudeEnd> => {
  const startedAt = performance.now();
  const child = spawnAsAgent(run.user, {
    command: run.binary,
    args: claudeArguments(run),
    cwd: run.workspace,
    env: claudeEnvironment(run),
    limits: run.limits,
    isNetworked: true,
    isAlone: !run.hasDoor,
  });
  const stderr = keepTail(child.stderr, maxStderrBytes);
  child.stdin.on('error', () => {}); // it may end before it has read the prompt; its result tells
  child.stdin.end(run.prompt);

  const { graceMs = defaultGraceMs, resultGraceMs = defaultResultGraceMs } = run;
  const watched = run.limits && { user: run.user, limits: run.limits, folder: run.runsDir };
  const guard = createGuard(child, { ...run, graceMs, resultGraceMs, watched });
  const onEvent = (event: ClaudeEvent) => {
    guard.sawEvent(event);
    run.onEvent?.(event);
  };
  const reading = readClaudeStream(child.stdout, { onEvent });
  reading.catch(guard.stop); // thrown again below
  try {
    const exit = await exitOf(child).catch((error: unknown) => ({ startError: error }));
    if ('startError' in exit) return notStarted(exit.startError);
    guard.close();
    // before the pipes' end, because what the agent left behind may hold them
    await killAgent(run.user, child.pid ?? 0);
    await drained(child, graceMs);
    const stream = await reading;
    const end = judge({
      exit,
      stream,
      sessionId: run.resume ?? run.sessionId,
      isOverBudget: run.isOverBudget?.() ?? false,
      model: run.modelView?.() ?? 'unclear',
      stopped: guard.stopped(), // until the exit: what comes later ended nothing
      stderr: stderr(),
    });
    run.log.info('claude ended', {
      ...endFields(end),
      ...exit,
      ms: Math.round(performance.now() - startedAt),
    });
    return end;
  } finally {
    guard.close();
  }
};

/** Node first, as the worker runs it; then the worker's own PATH and the usual folders, absolute ones only. */
export const agentPath = (execPath: string, ownPath = ''): string => {
  const own = ownPath
    .split(':')
    .filter((folder) => isAbsolute(folder) && !folder.endsWith('node_modules/.bin'));
  return [...new Set([dirname(execPath), ...own, ...usualFolders])].join(':');
};

const usualFolders = ['/usr/local/bin', '/usr/bin', '/bin', '/opt/homebrew/bin'];

/** Measured flags: no settings, hooks, MCP servers or commands of the repository or of HOME are read. */
const claudeArguments = (run: ClaudeRun): string[] => [
  '--print',
  '--output-format=stream-json',
  '--verbose', // stream-json wants it
  '--permission-mode=bypassPermissions',
  '--setting-sources=',
  '--strict-mcp-config',
  '--disable-slash-commands',
  '--tools=Bash,Edit,Read,Write',
  run.resume ? `--resume=${run.resume}` : `--session-id=${run.sessionId}`,
  `--model=${run.model}`, // a person wrote it: never a flag of its own
  `--max-turns=${run.maxTurns}`,
  `--max-budget-usd=${run.budgetUsd}`,
  `--append-system-prompt=${run.systemPrompt}`,
  `--settings=${JSON.stringify({ attribution: { commit: '', pr: '' } })}`,
];

/** All that the agent and every process of it get to see. The token is good for the gateway and for this run only. */
const claudeEnvironment = (run: ClaudeRun): Record<string, string> => ({
  ...run.env,
  PATH: run.path ?? agentPath(process.execPath),
  HOME: run.home,
  TMPDIR: run.tmp,
  LANG: 'C.UTF-8',
  ANTHROPIC_UNIX_SOCKET: run.socketPath,
  ANTHROPIC_BASE_URL: 'http://localhost',
  ANTHROPIC_API_KEY: run.runToken,
  NO_PROXY: '127.0.0.1,localhost',
  CLAUDE_CODE_TMPDIR: run.tmp,
  CLAUDE_CODE_MAX_RETRIES: String(run.maxRetries ?? defaultMaxRetries),
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1', // else the process outlives its result by minutes
  CLAUDE_CODE_DISABLE_ATTACHMENTS: '1', // else `@/path` in the request becomes the file's content
  GIT_AUTHOR_NAME: 'agent',
  GIT_AUTHOR_EMAIL: 'agent@localhost',
  GIT_COMMITTER_NAME: 'agent',
  GIT_COMMITTER_EMAIL: 'agent@localhost',
});

const notStarted = (error: unknown): ClaudeEnd => ({
  kind: 'failed',
  reason: 'agent_error',
  detail: `the CLI could not be started: ${error instanceof Error ? error.message : String(error)}`,
  turns: 0,
});

const endFields = (end: ClaudeEnd) => ({
  end: end.kind,
  turns: end.turns,
  ...(end.kind === 'failed' && { reason: end.reason }),
  ...(end.kind === 'hindered' && { failure: end.failure }),
  ...(end.kind === 'timed_out' && { why: end.why }),
});
