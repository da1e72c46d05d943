import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentFolders } from '#test/support/agent.ts';
import { aClaudeRun, agentFolders, anAgentUser, isRoot } from '#test/support/agent.ts';
import type { ClaudeRun } from '#worker/claude/claude.ts';
import { agentPath, runClaude } from '#worker/claude/claude.ts';
import type { ClaudeEvent } from '#worker/claude/stream.ts';
import type { AgentUser } from '#worker/sandbox/agent-user.ts';

const result = (more: object = {}) =>
  JSON.stringify({
    type: 'result',
    subtype: 'success',
    is_error: false,
    terminal_reason: 'completed',
    num_turns: 2,
    result: 'fixed',
    session_id: '../../../etc/passwd',
    ...more,
  });
const say = (line: string) => `echo '${line}'`;
const good = say(result());
const bad = say(result({ is_error: true, terminal_reason: 'api_error', result: 'status 500' }));

describe('a run of the CLI', () => {
  let user: AgentUser;
  let folders: AgentFolders;
  beforeEach(() => {
    user = anAgentUser();
    folders = agentFolders(user);
  });
  afterEach(() => folders.remove());

  /** The fake does what its prompt says. */
  const run = (script: string, more: Partial<ClaudeRun> = {}) =>
    runClaude(
      aClaudeRun(folders, { binary: folders.program('do-the-prompt'), user, prompt: script, ...more }),
    );

  it.each([
    ['success and 0', good, { kind: 'succeeded', answer: 'fixed', turns: 2 }],
    ['success and 1', `${good}; exit 1`, { kind: 'failed', reason: 'agent_error' }],
    ['is_error and 0', bad, { kind: 'failed', reason: 'model_error' }],
    ['is_error and 1', `${bad}; exit 1`, { kind: 'failed', reason: 'model_error' }],
    ['no result and 0', 'exit 0', { kind: 'failed', reason: 'agent_error' }],
    ['no result and 143', 'exit 143', { kind: 'failed', reason: 'agent_error' }],
    ['a kill after success', `${good}; kill -KILL $$`, { kind: 'hindered', failure: 'out_of_memory' }],
    ['an error, then success', `${bad}; ${good}`, { kind: 'succeeded', turns: 4 }],
    ['success, then an error', `${good}; ${bad}; exit 1`, { kind: 'failed', reason: 'model_error' }],
    ['half a result', 'printf \'{"type":"result","subtype":\'', { kind: 'failed', reason: 'agent_error' }],
  ])('ends with %s', async (_, script, end) => {
    expect(await run(script)).toMatchObject(end);
  });

  it('keeps our session id, whatever the stream says', async () => {
    const sessionId = '11111111-2222-4333-8444-555555555555';
    expect(await run(good, { sessionId })).toMatchObject({ sessionId });
    const resume = '99999999-2222-4333-8444-555555555555';
    expect(await run(good, { sessionId, resume })).toMatchObject({ sessionId: resume });
  });

  it('tells the end of stderr when there is no result', async () => {
    expect(await run('echo "error: unknown option" >&2; exit 1')).toMatchObject({
      kind: 'failed',
      detail: 'the CLI ended without a result (exit code 1): error: unknown option',
    });
  });

  it('gives a value when there is nothing to start', async () => {
    const end = await run(good, { binary: join(folders.root, 'nowhere') });
    expect(end).toMatchObject({
      kind: 'failed',
      reason: 'agent_error',
      detail: expect.stringContaining('nowhere'),
    });
  });

  it('gives the agent these variables and no other', async () => {
    process.env['CANARY'] = 'of the supervisor';
    await run(`env > env.txt; ${good}`).finally(() => delete process.env['CANARY']);
    const lines = readFileSync(join(folders.workspace, 'env.txt'), 'utf8').trim().split('\n');
    const seen = Object.fromEntries(
      lines.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
    );
    for (const ofTheShell of ['PWD', '_', 'SHLVL', 'OLDPWD']) delete seen[ofTheShell];
    expect(seen).toEqual({
      PATH: agentPath(process.execPath),
      HOME: folders.home,
      TMPDIR: folders.tmp,
      LANG: 'C.UTF-8',
      ANTHROPIC_UNIX_SOCKET: join(folders.supervisor, 'model.sock'),
      ANTHROPIC_BASE_URL: 'http://localhost',
      ANTHROPIC_API_KEY: 'token-of-this-run',
      NO_PROXY: '127.0.0.1,localhost',
      CLAUDE_CODE_TMPDIR: folders.tmp,
      CLAUDE_CODE_MAX_RETRIES: '3',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
      CLAUDE_CODE_DISABLE_ATTACHMENTS: '1',
      GIT_AUTHOR_NAME: 'agent',
      GIT_AUTHOR_EMAIL: 'agent@localhost',
      GIT_COMMITTER_NAME: 'agent',
      GIT_COMMITTER_EMAIL: 'agent@localhost',
    });
  });

  it('passes events on as they come', async () => {
    const events: ClaudeEvent[] = [];
    await run(`echo '{"type":"system","subtype":"init"}'; ${good}`, {
      onEvent: (event) => events.push(event),
    });
    expect(events.map(({ type }) => type)).toEqual(['system', 'result']);
  });

  it('ends it and fails loudly when a listener throws', async () => {
    const onEvent = () => {
      throw new Error('full disk');
    };
    await expect(run(`${good}; exec sleep 60`, { onEvent })).rejects.toThrow('full disk');
  });

  it.each([
    ['binary', 'head -c 300000 /dev/urandom; echo'],
    ['half a line of JSON', 'echo \'{"type":"user","mess\''],
    ['bytes that are no UTF-8', "printf '\\377\\376{\\200\\n'"],
    ['a line of 50 MB', "head -c 50000000 /dev/zero | tr '\\0' x; echo"],
    [
      'an event of 50 MB',
      `printf '{"type":"user","text":"'; head -c 50000000 /dev/zero | tr '\\0' x; echo '"}'`,
    ],
    ['lines that end as on Windows', 'printf \'{"type":"system"}\\r\\n\''],
  ])('reads on after %s', async (_, script) => {
    expect(await run(`${script}; ${good}`)).toMatchObject({ kind: 'succeeded' });
  });

  it.each([
    ['lines', 'yes hello | head -c 100000000; echo'],
    ['one line', "tr '\\0' x </dev/zero | head -c 600000000; echo"],
    ['what it complains about', 'yes no | head -c 300000000 >&2'],
  ])('takes no more memory for a flood: %s', async (_, flood) => {
    const before = process.memoryUsage.rss();
    let most = before;
    const looking = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
    const end = await run(`${flood}; ${good}`).finally(() => clearInterval(looking));
    expect(end).toMatchObject({ kind: 'succeeded' });
    expect((most - before) / 1024 / 1024).toBeLessThan(200);
  });

  describe('that does not end by itself', () => {
    it('ends when it is silent for too long', async () => {
      expect(await run('exec sleep 60', { idleMs: 100 })).toEqual({
        kind: 'timed_out',
        why: 'idle',
        afterMs: 100,
        turns: 0,
      });
    });

    it('is not silent while events come, but late at the deadline', async () => {
      const chatter = 'while :; do echo \'{"type":"system"}\'; sleep 0.05; done';
      expect(await run(chatter, { idleMs: 1_000, deadlineMs: 2_000 })).toMatchObject({
        kind: 'timed_out',
        why: 'deadline',
        afterMs: 2_000,
      });
    });

    it('is silent while it gives bytes but no event', async () => {
      const drip = "printf '{'; while :; do printf x; sleep 0.02; done";
      expect(await run(drip, { idleMs: 500 })).toMatchObject({ kind: 'timed_out', why: 'idle' });
    });

    it('has succeeded when it said so, and is ended after a grace', async () => {
      const end = await run(`${good}; exec sleep 60`, { resultGraceMs: 200 });
      expect(end).toMatchObject({ kind: 'succeeded', answer: 'fixed' });
    });

    it('has failed when it said so, and is ended after a grace', async () => {
      const end = await run(`trap '' TERM; ${bad}; sleep 60`, { resultGraceMs: 100, graceMs: 100 });
      expect(end).toMatchObject({ kind: 'failed', reason: 'model_error' });
    });

    it('has its time for a turn that began after a result', async () => {
      const second = `${say('{"type":"system","subtype":"init"}')}; sleep 0.6`;
      const end = await run(`${bad}; ${second}; ${good}`, { resultGraceMs: 300 });
      expect(end).toMatchObject({ kind: 'succeeded', turns: 4 });
    });

    it('has time to end well after SIGTERM', async () => {
      const script = `trap 'touch ended-well; exit 143' TERM; ${say('{"type":"system"}')}; while :; do sleep 0.02; done`;
      await run(script, { idleMs: 300 });
      expect(existsSync(join(folders.workspace, 'ended-well'))).toBe(true);
    });

    it('is killed when it does not care about SIGTERM', async () => {
      const stubborn = "trap '' TERM; for i in $(seq 1000); do sleep 0.02; done";
      expect(await run(stubborn, { idleMs: 200, graceMs: 100 })).toMatchObject({
        kind: 'timed_out',
        why: 'idle',
      });
    });

    it('ends when the caller wants it to, also before it began', async () => {
      const stop = new AbortController();
      const onEvent = () => stop.abort();
      const end = await run(`${say('{"type":"system"}')}; exec sleep 60`, { signal: stop.signal, onEvent });
      expect(end).toEqual({ kind: 'aborted', turns: 0 });
      expect(await run('exec sleep 60', { signal: AbortSignal.abort() })).toEqual({
        kind: 'aborted',
        turns: 0,
      });
    });
  });

  describe('that leaves a process behind which holds its output', () => {
    const leave = `setsid sh -c 'echo $$ > left; exec sleep 60' & while [ ! -s left ]; do sleep 0.01; done; ${good}`;
    const pidLeft = () => Number(readFileSync(join(folders.workspace, 'left'), 'utf8'));

    it.runIf(isRoot)('ends at once, and that process with it', async () => {
      const startedAt = performance.now();
      expect(await run(leave)).toMatchObject({ kind: 'succeeded' });
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      expect(isAlive(pidLeft())).toBe(false);
    });

    it.runIf(!isRoot)('ends after the grace as the same user', async () => {
      expect(await run(leave, { graceMs: 200 })).toMatchObject({ kind: 'succeeded' });
      process.kill(pidLeft(), 'SIGKILL');
    });
  });
});

describe('the PATH of the agent', () => {
  it('has Node first and no folder of a project or of the moment', () => {
    expect(
      agentPath('/opt/node/bin/node', '/srv/shop/node_modules/.bin:.::bin:/opt/tools/bin:/usr/bin'),
    ).toBe('/opt/node/bin:/opt/tools/bin:/usr/bin:/usr/local/bin:/bin:/opt/homebrew/bin');
  });
});

/** A zombie that nobody has reaped yet is dead. */
const isAlive = (pid: number) =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
