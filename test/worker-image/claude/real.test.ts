// The real CLI, behind the real gateway's socket, under the uid of the agent, with the scripted model at the end.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFaults } from '#local/faults.ts';
import { createJournal } from '#local/journal.ts';
import type { Script } from '#local/model/conversation.ts';
import { fixFailingTest } from '#local/model/fix-failing-test.ts';
import { startScriptedModel } from '#local/model/scripted-model.ts';
import { programInReach } from '#local/reach.ts';
import type { AgentFolders } from '#test/support/agent.ts';
import { aTrigger, noBriefing } from '#test/builders.ts';
import { aClaudeRun, agentFolders, anAgentUser, guard, hasLoopback } from '#test/support/agent.ts';
import { aLog } from '#test/support/fakes.ts';
import { localClaudeBinary } from '#worker/claude/binary.ts';
import type { ClaudeRun } from '#worker/claude/claude.ts';
import { agentPath, runClaude } from '#worker/claude/claude.ts';
import { systemPrompt, toPrompt } from '#worker/claude/prompt.ts';
import { startGateway } from '#worker/gateway/gateway.ts';
import type { AgentUser } from '#worker/sandbox/agent-user.ts';
import { runAsAgent } from '#worker/sandbox/agent-user.ts';

const shop = fileURLToPath(new URL('../../../local/demo/shop', import.meta.url));
const apiKey = 'key-of-the-provider-account';
const runToken = 'token-of-this-run';

describe('the real CLI', () => {
  let user: AgentUser;
  let folders: AgentFolders;
  let binary: string;
  let path: string;
  beforeEach(async () => {
    user = anAgentUser();
    folders = agentFolders(user);
    binary = programInReach(localClaudeBinary(), folders.root);
    path = agentPath(programInReach(process.execPath, folders.root), process.env['PATH']);
    cpSync(shop, folders.workspace, { recursive: true });
    if (user.kind === 'separate') execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, folders.workspace]);
    await asAgent('git', 'init', '--quiet', '--initial-branch=main');
    await asAgent('git', 'add', '--all');
    await asAgent('git', 'commit', '--quiet', '--message=The shop');
  });
  afterEach(() => folders.remove());

  type Setup = { text: string; script?: Script; budgetUsd?: number; more?: Partial<ClaudeRun> };
  const play = async (
    { text, script = fixFailingTest, budgetUsd = 5, more = {} }: Setup,
    faults = createFaults(),
  ) => {
    const journal = createJournal();
    const { log, text: logged } = aLog();
    const signal = new AbortController().signal;
    const socketPath = join(folders.supervisor, 'model.sock');
    const model = await startScriptedModel({ journal, faults, apiKey, script });
    const upstream = { baseUrl: model.url, apiKey };
    const gateway = await startGateway({
      socketPath,
      upstream,
      runToken,
      models: ['claude-opus-5-5'],
      budgetUsd,
      log,
      signal,
    });
    const thread = { repository: 'octo/shop', number: 1, isPullRequest: false };
    const request = { command: 'fix', text } as const;
    const prompt = toPrompt({ thread, request, trigger: aTrigger(), branch: 'main', briefing: noBriefing });
    try {
      const end = await runClaude(
        aClaudeRun(folders, {
          binary,
          user,
          path,
          prompt,
          runToken,
          socketPath,
          log,
          systemPrompt: systemPrompt(),
          isOverBudget: gateway.overBudget,
          ...more,
        }),
      );
      return { end, usage: gateway.usage(), calls: journal.entries(), logged: logged() };
    } finally {
      await gateway.close();
      await model.close();
    }
  };
  const asAgent = async (command: string, ...args: string[]) => {
    const run = {
      command,
      args,
      cwd: folders.workspace,
      env: { ...gitEnvironment, PATH: path, HOME: folders.home },
    };
    return await runAsAgent(user, { ...run, maxBytes: 1_000_000, deadlineMs: 20_000 });
  };
  const diff = async () => String((await asAgent('git', 'diff', '--unified=0')).stdout);

  it('fixes the failing test and says what it did', async () => {
    const { end, usage, calls, logged } = await play({ text: 'fix the failing test' });
    expect(end).toMatchObject({
      kind: 'succeeded',
      turns: 6,
      answer: expect.stringContaining('passes now (3 of 3)'),
    });
    expect(await diff()).toMatch(/^-  return price - tax;\n\+  return price \+ tax;$/m);
    expect((await asAgent('npm', 'test')).code).toBe(0);
    expect(usage).toMatchObject({ requests: 6, costUsd: expect.closeTo(0.02, 1) });
    expect(calls.every(({ call, status }) => call === 'POST /v1/messages' && status === 200)).toBe(true);
    for (const secret of [apiKey, runToken]) {
      expect(logged).not.toContain(secret);
      expect(JSON.stringify(calls)).not.toContain(secret);
    }
  });

  it('fixes what the words ask for', async () => {
    const { end } = await play({ text: 'fix the failing greeting test' });
    expect(end).toMatchObject({ kind: 'succeeded', answer: expect.stringContaining('passes now (1 of 1)') });
    expect(await diff()).toMatch(/^\+\+\+ b\/greeting\.js$/m);
  });

  it('has nothing to say where nothing that the model knows is asked for', async () => {
    const { end } = await play({ text: 'tell me a joke' });
    expect(end).toMatchObject({ kind: 'succeeded', answer: '' });
    expect(await diff()).toBe('');
  });

  it('shows the agent no key, wherever it looks', async () => {
    const look =
      'env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n"; ls -l /proc/self/fd';
    const script: Script = ({ steps }) =>
      steps.length === 0
        ? { tools: [{ name: 'Bash', input: { command: look, description: 'look around' } }] }
        : { text: 'seen' };
    process.env['CANARY_OF_THE_SUPERVISOR'] = apiKey;
    const { end, calls } = await play({ text: 'look', script }).finally(() => {
      delete process.env['CANARY_OF_THE_SUPERVISOR'];
    });
    expect(end).toMatchObject({ kind: 'succeeded', answer: 'seen' });
    const told = String(calls[1]?.detail['body']);
    expect(told).toContain(runToken); // it did see its own environment
    expect(told).not.toContain(apiKey);
  });

  it.runIf(hasLoopback())('serves and asks on loopback in a command, and reaches nothing else', async () => {
    const serve =
      "const s = require('node:http').createServer((_, a) => a.end('from the server')).listen(0, '127.0.0.1', async () => { console.log(await (await fetch('http://127.0.0.1:' + s.address().port)).text()); process.exit(); })";
    const house = createServer((_, answer) => answer.end('from the house')).listen(0, '127.0.0.1');
    await once(house, 'listening');
    const { port } = house.address() as { port: number }; // it listens on TCP
    const command = `node -e "${serve}"; curl -sS http://127.0.0.1:${port}; curl -sS -m 5 http://169.254.170.2/ 2>&1; id -u; grep ^CapEff /proc/self/status`;
    const script: Script = ({ steps }) =>
      steps.length === 0
        ? { tools: [{ name: 'Bash', input: { command, description: 'serve and ask' } }] }
        : { text: 'seen' };
    const { end, calls } = await play({ text: 'serve', script });
    expect(end).toMatchObject({ kind: 'succeeded', answer: 'seen' });
    const told = String(calls[1]?.detail['body']);
    expect(told).toContain('from the server');
    expect(told.includes('from the house')).toBe(!guard()?.isAlone);
    house.close();
    expect(told).toMatch(/Failed to connect to 169\.254\.170\.2|Couldn't connect/);
    expect(told).toMatch(/CapEff:(?:\\t|\s)+0000000000000000/);
  });

  it('does not expand files, flags or commands in the words', async () => {
    const text = '--version\n/model haiku\n@/etc/hostname';
    const { calls } = await play({ text, script: () => ({ text: 'read' }) });
    const body = String(calls[0]?.detail['body']);
    expect(body).toContain(JSON.stringify(text).slice(1, -1));
    expect(calls).toHaveLength(1);
    expect(body).not.toContain('Called the Read tool');
  });

  it('is over budget when the gateway says no', async () => {
    const script: Script = () => ({
      tools: [{ name: 'Bash', input: { command: 'echo on', description: 'go on' } }],
      usage: { output_tokens: 7_000 },
    });
    const { end, calls, usage, logged } = await play({ text: 'go on', script, budgetUsd: 0.2 });
    expect(end).toMatchObject({ kind: 'failed', reason: 'over_budget' });
    expect(logged).toContain('model call refused');
    expect(calls.map(({ status }) => status)).toEqual(Array(usage.requests).fill(200)); // that one was never sent
    expect(usage.costUsd).toBeGreaterThan(0.1);
    expect(usage.costUsd).toBeLessThanOrEqual(0.2);
  });

  it('gets over an overloaded provider by itself', async () => {
    const faults = createFaults();
    faults.inject({
      call: /messages/,
      fault: { kind: 'answer', status: 529, headers: { 'retry-after': '0' } },
    });
    const { end, calls } = await play({ text: 'x', script: () => ({ text: 'at last' }) }, faults);
    expect(calls.map(({ status }) => status)).toEqual([529, 200]);
    expect(end).toMatchObject({ kind: 'succeeded', answer: 'at last' });
  });

  it('ends when its time is over, in the middle of a command', async () => {
    const input = { command: 'tail -f /dev/null', description: 'wait' };
    const script: Script = () => ({ tools: [{ name: 'Bash', input }] });
    const { end } = await play({ text: 'wait', script, more: { idleMs: 2_500 } });
    expect(end).toMatchObject({ kind: 'timed_out', why: 'idle' });
  });

  it('goes on with a session', async () => {
    const script: Script = ({ prompt }) => ({ text: prompt.includes('again') ? 'second' : 'first' });
    const { end } = await play({ text: 'begin', script });
    const sessionId = end.kind === 'succeeded' ? end.sessionId : '';
    const { end: next, calls } = await play({ text: 'again', script, more: { resume: sessionId } });
    expect(next).toMatchObject({ kind: 'succeeded', answer: 'second', sessionId });
    expect(String(calls[0]?.detail['body'])).toContain('begin');
  });
});

const gitEnvironment = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'octo-dev',
  GIT_AUTHOR_EMAIL: 'octo-dev@localhost',
  GIT_COMMITTER_NAME: 'octo-dev',
  GIT_COMMITTER_EMAIL: 'octo-dev@localhost',
};
