import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentFolders } from '#test/support/agent.ts';
import { agentFolders, anAgentUser, isRoot } from '#test/support/agent.ts';
import type { AgentUser } from '#worker/sandbox/agent-user.ts';
import { runAsAgent, spawnAsAgent } from '#worker/sandbox/agent-user.ts';
import { killAgent } from '#worker/sandbox/kill-agent.ts';

const source = new URL('../../../worker-image/sandbox/agent-user.ts', import.meta.url).href;

describe('what runs as the agent', () => {
  let user: AgentUser;
  let folders: AgentFolders;
  beforeEach(() => {
    user = anAgentUser();
    folders = agentFolders(user);
  });
  afterEach(() => folders.remove());

  const env = { PATH: '/usr/bin:/bin', GREETING: 'a = b' };
  const sh = (script: string, more: Partial<Parameters<typeof runAsAgent>[1]> = {}) =>
    runAsAgent(user, {
      command: '/bin/sh',
      args: ['-c', script],
      cwd: folders.workspace,
      env,
      maxBytes: 1_000_000,
      deadlineMs: 20_000,
      ...more,
    });

  it.runIf(isRoot)('has its uid, no other group, no capability and no way to get one', async () => {
    if (user.kind !== 'separate') throw new Error('the supervisor is root');
    const { stdout } = await sh('cat /proc/self/status');
    const facts = new Map(
      String(stdout)
        .split('\n')
        .map((line) => [line.split(':')[0], line.split(':')[1]?.trim()]),
    );
    const four = Array(4).fill(user.uid).join('\t');
    expect([facts.get('Uid'), facts.get('Gid'), facts.get('Groups')]).toEqual([four, four, '']);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect(facts.get(set)).toBe('0000000000000000');
    }
    expect(facts.get('NoNewPrivs')).toBe('1');
  });

  it('sees the environment that it is given and nothing else', async () => {
    const { stdout } = await sh('', { command: 'env', args: [] });
    expect(String(stdout).trim().split('\n').sort()).toEqual(['GREETING=a = b', 'PATH=/usr/bin:/bin']);
  });

  it('is a session and a process group of its own', async () => {
    const child = spawnAsAgent(user, { command: 'cat', args: [], cwd: folders.workspace, env });
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ');
    child.stdin.end();
    await once(child, 'exit');
    expect([stat?.[2], stat?.[3]]).toEqual([String(child.pid), String(child.pid)]);
  });

  it.runIf(isRoot)('holds no descriptor that the supervisor inherited', async () => {
    const secret = join(folders.supervisor, 'secret');
    writeFileSync(secret, 'for root only', { mode: 0o600 });
    const list = JSON.stringify({
      command: '/bin/sh',
      args: ['-c', 'for fd in /proc/self/fd/*; do echo "${fd##*/}"; done'],
      cwd: '/',
      env,
      maxBytes: 10_000,
      deadlineMs: 10_000,
    });
    const supervise = `const { runAsAgent } = await import(${JSON.stringify(source)});
      process.stdout.write((await runAsAgent(${JSON.stringify(user)}, ${list})).stdout);`;
    // Node closes what stands in a row after 2 by itself; a descriptor further up it hands on
    const inherit = 'exec 30<"$1" 200<"$1"; exec "$2" --input-type=module -e "$3"';
    const supervisor = spawn('/bin/bash', ['-c', inherit, 'bash', secret, process.execPath, supervise], {
      env: {},
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const open = (await text(supervisor.stdout)).trim().split('\n');
    expect(open.filter((fd) => fd !== '3')).toEqual(['0', '1', '2']); // 3 is the folder that is being read
  });

  it.runIf(isRoot)('enters its folder with its own rights, not with those of root', async () => {
    mkdirSync(join(folders.supervisor, 'closed', 'open'), { recursive: true });
    chmodSync(join(folders.supervisor, 'closed'), 0o700);
    const { code, stdout } = await sh('ls', { cwd: join(folders.supervisor, 'closed', 'open') });
    expect([code, String(stdout)]).toEqual([125, '']);
  });

  it('reads what it is given, as bytes or as a stream', async () => {
    const bytes = Buffer.from([0, 255, 10, 13]);
    expect((await sh('cat', { stdin: bytes })).stdout).toEqual(bytes);
    expect((await sh('cat', { stdin: Readable.from([bytes, bytes]) })).stdout).toEqual(
      Buffer.concat([bytes, bytes]),
    );
    expect((await sh('cat')).stdout).toHaveLength(0);
  });

  it('fails when what it was to read breaks off', async () => {
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('half');
        throw new Error('the other end is gone');
      })(),
    );
    await expect(sh('cat', { stdin: broken })).rejects.toThrow('broke off');
  });

  it('may end before it has read all', async () => {
    expect(await sh('exit 3', { stdin: Buffer.alloc(5_000_000) })).toMatchObject({ code: 3, isCut: false });
  });

  it('is ended when it says more than is allowed', async () => {
    const { code, stdout, isCut } = await sh('exec yes', { maxBytes: 1000 });
    expect([code, stdout.length, isCut]).toEqual([null, 1000, true]);
  });

  it('is ended at its deadline and when nobody wants it any more', async () => {
    expect(await sh('exec sleep 60', { deadlineMs: 50 })).toMatchObject({ code: null, stopped: 'timed_out' });
    const signal = AbortSignal.timeout(50);
    expect(await sh('exec sleep 60', { signal })).toMatchObject({ code: null, stopped: 'aborted' });
  });

  it('keeps the end of what it complained about', async () => {
    const { stderr } = await sh('yes no | head -c 20000 >&2; echo because >&2');
    expect(stderr).toHaveLength(4096);
    expect(stderr.endsWith('because\n')).toBe(true);
  });

  it.runIf(isRoot)(
    'is gone to the last process, whatever session it fled to and however it forks',
    async () => {
      if (user.kind !== 'separate') throw new Error('the supervisor is root');
      const flee =
        'setsid sh -c "for i in $(seq 4000); do (sleep 0.01; :) & sleep 0.002; done" & echo up; exec sleep 60';
      const child = spawnAsAgent(user, {
        command: '/bin/sh',
        args: ['-c', flee],
        cwd: folders.workspace,
        env,
      });
      child.stdout.once('data', () => child.emit('up'));
      await once(child, 'up');
      expect(processesOf(user.uid)).not.toHaveLength(0);

      await killAgent(user, child.pid!);

      expect(processesOf(user.uid)).toEqual([]);
    },
  );

  it('loses its process group as the same user', async () => {
    const child = spawn('/bin/sh', ['-c', 'sleep 60 & wait'], { detached: true, env, stdio: 'ignore' });
    const ended = once(child, 'exit');
    await killAgent({ kind: 'same' }, child.pid!);
    expect(await ended).toEqual([null, 'SIGKILL']);
    await expect(killAgent({ kind: 'same' }, child.pid!)).resolves.toBeUndefined();
  });
});

/** Zombies are left out: who started them has yet to look. */
const processesOf = (uid: number) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        return new RegExp(`^Uid:\\s+${uid}\\b`, 'm').test(status) && !/^State:\s+Z/m.test(status);
      } catch {
        return false; // it ended between the two looks
      }
    });
