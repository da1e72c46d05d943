// What an agent that takes too much, or reaches for what is not its own, comes to.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentFolders } from '#test/support/agent.ts';
import { aClaudeRun, agentFolders, anAgentUser, isRoot } from '#test/support/agent.ts';
import type { ClaudeRun } from '#worker/claude/claude.ts';
import { runClaude } from '#worker/claude/claude.ts';
import type { AgentLimits } from '#worker/sandbox/agent-limits.ts';
import { agentLimits } from '#worker/sandbox/agent-limits.ts';
import type { AgentUser } from '#worker/sandbox/agent-user.ts';

const megabyte = 1024 * 1024;
const good = `echo '{"type":"result","subtype":"success","is_error":false,"terminal_reason":"completed","num_turns":1,"result":"ok"}'`;

let user: AgentUser;
let folders: AgentFolders;
beforeEach(() => {
  user = anAgentUser();
  folders = agentFolders(user);
});
afterEach(() => folders.remove());

const run = (script: string, limits: Partial<AgentLimits> = {}, more: Partial<ClaudeRun> = {}) =>
  runClaude(
    aClaudeRun(folders, {
      binary: folders.program('do-the-prompt'),
      user,
      prompt: script,
      limits: { ...agentLimits(), ...limits },
      ...more,
    }),
  );
const written = (name: string) => readFileSync(join(folders.workspace, name), 'utf8').trim();

describe.runIf(process.platform === 'linux')('the limits of the agent', () => {
  it('hold for whatever it starts, and it cannot lift them', async () => {
    const limits = 'ulimit -c; ulimit -d; ulimit -f; ulimit -d unlimited || ulimit -d';
    await run(`setsid bash -c '${limits}' > limits.txt 2>/dev/null; ${good}`, {
      dataBytes: 1500 * megabyte,
      fileBytes: 10 * megabyte,
    });
    const data = String((1500 * megabyte) / 1024);
    expect(written('limits.txt').split('\n')).toEqual(['0', data, String((10 * megabyte) / 1024), data]);
  });

  it('end a process that allocates too much, not the run', async () => {
    const node = `"${process.execPath}" -e 'const all = []; for (;;) all.push(Buffer.alloc(1e7, 1))'`;
    const end = await run(`${node} 2>/dev/null; echo $? > code.txt; ${good}`, { dataBytes: 1024 * megabyte });
    expect(end).toMatchObject({ kind: 'succeeded' });
    expect(written('code.txt')).not.toBe('0');
  });

  it('end a file that grows too large', async () => {
    await run(`head -c 20000000 /dev/zero > big; wc -c < big > size.txt; ${good}`, {
      fileBytes: 5 * megabyte,
    });
    expect(Number(written('size.txt'))).toBe(5 * megabyte);
  });

  it.runIf(isRoot)('stop a fork bomb, and nothing of it is left', async () => {
    const bomb = 'bomb() { bomb | bomb & }; bomb 2>/dev/null; sleep 1';
    const end = await run(`(${bomb}); ${good}`, { processes: 150 });
    expect(['succeeded', 'failed']).toContain(end.kind);
    const after = await run(`ps -o stat= -u "$(id -u)" | grep -vc Z > count.txt; ${good}`);
    expect(after).toMatchObject({ kind: 'succeeded' });
    expect(Number(written('count.txt'))).toBeLessThan(10);
  });

  it('leave room for the CLI on a machine of four gigabytes', () => {
    const { dataBytes, memoryBytes } = agentLimits(4096 * megabyte);
    expect([dataBytes / megabyte, memoryBytes / megabyte]).toEqual([3072, 3072]);
    expect(agentLimits(1024 * megabyte)).toMatchObject({
      dataBytes: 1024 * megabyte,
      memoryBytes: 512 * megabyte,
    });
  });
});

describe('the watchdog', () => {
  it.runIf(isRoot)('ends a run whose processes take too much memory together', async () => {
    const hog = `"${process.execPath}" -e 'const all = Buffer.alloc(150e6, 1); setInterval(() => all.at(0), 1e5)'`;
    const end = await run(`setsid ${hog} & setsid ${hog} & wait`, { memoryBytes: 250 * megabyte });
    expect(end).toMatchObject({
      kind: 'hindered',
      failure: 'out_of_memory',
      detail: 'the agent’s processes took more than 250 MB together',
    });
  });

  it('ends a run that fills the disk', async () => {
    const end = await run('exec sleep 60', { freeDiskBytes: Number.MAX_SAFE_INTEGER });
    expect(end).toMatchObject({ kind: 'hindered', failure: 'disk_full' });
  });

  it('lets a run be that takes its share', async () => {
    expect(await run(`sleep 0.5; ${good}`)).toMatchObject({ kind: 'succeeded' });
  });
});

describe.runIf(isRoot)('an agent that reaches for the supervisor', () => {
  it('is refused its files, its socket’s folder and its memory', async () => {
    const own = join(folders.supervisor, 'own.txt');
    writeFileSync(own, 'mine', { mode: 0o644 });
    mkdirSync(join(folders.supervisor, 'bin'), { mode: 0o755 });
    const tries = [
      `echo x >> ${own}`,
      `rm -f ${own}`,
      `mv ${own} ${own}.2`,
      `chmod 777 ${folders.supervisor}`,
      `touch ${folders.supervisor}/new`,
      `ln -s /etc/passwd ${folders.supervisor}/bin/claude`,
      `cat /proc/${process.pid}/environ`,
      `dd if=/proc/${process.pid}/mem of=/dev/null count=1`,
      `echo 0 > /proc/${process.pid}/oom_score_adj`,
      `kill -0 ${process.pid}`,
      `kill -STOP ${process.pid}`,
      `echo x >> "$0"`,
    ];
    const script = tries.map((attempt) => `(${attempt}) >/dev/null 2>&1 && echo '${attempt}' >> done.txt`);
    expect(await run(`touch done.txt; ${script.join('; ')}; ${good}`)).toMatchObject({ kind: 'succeeded' });
    expect(written('done.txt')).toBe('');
    expect(readFileSync(own, 'utf8')).toBe('mine');
    expect(existsSync(join(folders.supervisor, 'new'))).toBe(false);
  });

  it('is taken first where memory is short', async () => {
    await run(`cat /proc/self/oom_score_adj > score.txt; ${good}`);
    expect(written('score.txt')).toBe('1000');
  });
});
