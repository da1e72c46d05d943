// An agent to run things as: a uid of its own where the tests are root, so that suites beside each other never meet.
import { randomInt, randomUUID } from 'node:crypto';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { folderInReach } from '#local/reach.ts';
import { aLog } from '#test/support/fakes.ts';
import type { ClaudeRun } from '#worker/claude/claude.ts';
import type { AgentUser } from '#worker/sandbox/agent-user.ts';
import { guardedUser } from '#worker/sandbox/agents.ts';

export const isRoot = process.getuid?.() === 0;

/** What starts the agent here; undefined where that is the person who runs the tests. */
export const guard = () => inject('guard');
/** With a guard: whether the agent can have TCP among its own processes on this machine. */
export const hasLoopback = () => guard()?.network === 'loopback';

export const anAgentUser = (): AgentUser => {
  const found = guard();
  return found ? guardedUser(found, randomInt(1_000_000, 2_000_000_000)) : { kind: 'same' };
};

/** The agent's folders and, beside them, one of the supervisor's for the socket. */
export const agentFolders = (user: AgentUser) => {
  const root = mkdtempSync(join(folderInReach(tmpdir()), 'agent-'));
  chmodSync(root, 0o711);
  const own = (path: string) => {
    if (user.kind === 'separate') chownSync(path, user.uid, user.gid);
    return path;
  };
  const make = (name: string, mode: number) => {
    mkdirSync(join(root, name), { mode });
    return join(root, name);
  };
  const folders = {
    workspace: own(make('work', 0o700)),
    home: own(make('home', 0o700)),
    tmp: own(make('tmp', 0o700)),
    supervisor: make('supervisor', 0o711),
  };
  /** An executable of test/fixtures/bin, where every uid can reach it. */
  const program = (name: string) => {
    copyFileSync(new URL(`../fixtures/bin/${name}`, import.meta.url), join(root, name));
    chmodSync(join(root, name), 0o755);
    return join(root, name);
  };
  const remove = () => rmSync(root, { recursive: true, force: true });
  return { root, ...folders, program, own, remove };
};
export type AgentFolders = ReturnType<typeof agentFolders>;

/** A run in these folders; without a gateway unless the test adds one. */
export const aClaudeRun = (
  { workspace, home, tmp, supervisor }: AgentFolders,
  more: Partial<ClaudeRun> & Pick<ClaudeRun, 'binary' | 'user' | 'prompt'>,
): ClaudeRun => ({
  workspace,
  home,
  tmp,
  socketPath: join(supervisor, 'model.sock'),
  runsDir: supervisor,
  runToken: 'token-of-this-run',
  systemPrompt: 'Be brief.',
  model: 'claude-opus-5-5',
  maxTurns: 20,
  budgetUsd: 5,
  sessionId: randomUUID(),
  signal: new AbortController().signal,
  idleMs: 20_000,
  deadlineMs: 25_000,
  log: aLog().log,
  ...more,
});
