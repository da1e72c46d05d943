import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { guard, isRoot } from '#test/support/agent.ts';
import { aLog } from '#test/support/fakes.ts';
import { runAsAgent } from '#worker/sandbox/agent-user.ts';
import { openAgents } from '#worker/sandbox/agents.ts';
import { createWorkspace } from '#worker/sandbox/workspace.ts';

describe('the agents of a machine', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'agents-'));
    await chmod(folder, 0o755);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const config = (more: { GUARD_BINARY?: string } = {}) => ({
    STATE_DIR: join(folder, 'state'),
    RUNS_DIR: join(folder, 'runs'),
    AGENT_UID_FIRST: first,
    AGENT_UID_COUNT: 4,
    ...more,
  });
  const first = randomInt(1_000_000, 2_000_000_000);
  const open = (input: Partial<Parameters<typeof openAgents>[0]>) => {
    const { log, lines } = aLog();
    return openAgents({ config: config(), isRoot, log, ...input }).then((agents) => ({ agents, lines }));
  };
  /** What says of itself what a guard on some machine says. */
  const aGuardThatSays = async (report: object | string, code: number) => {
    const path = join(folder, `guard-${code}`);
    await writeFile(
      path,
      `#!/bin/sh\necho '${typeof report === 'string' ? report : JSON.stringify(report)}'\nexit ${code}\n`,
      { mode: 0o755 },
    );
    return path;
  };

  it('are the person who started the worker, where that is an ordinary user without a guard', async () => {
    const { agents } = await open({ isRoot: false });
    if (agents.kind !== 'ready') throw new Error(agents.because);
    expect((await agents.leaseUser()).user).toEqual({ kind: 'same' });
  });

  it('are never root', async () => {
    const { agents } = await open({ isRoot: true });
    expect(agents).toEqual({ kind: 'refused', because: expect.stringContaining('GUARD_BINARY is not set') });
  });

  it('are refused where the guard can keep nothing in, and it says why', async () => {
    const GUARD_BINARY = await aGuardThatSays({ network: 'nothing', because: 'no seccomp' }, 4);
    expect((await open({ config: config({ GUARD_BINARY }) })).agents).toEqual({
      kind: 'refused',
      because: 'no seccomp',
    });
  });

  it.each(['', 'all is well', '{"network":"everything"}'])(
    'are refused where the guard says %j',
    async (words) => {
      const GUARD_BINARY = await aGuardThatSays(words, 0);
      expect((await open({ config: config({ GUARD_BINARY }) })).agents).toMatchObject({ kind: 'refused' });
    },
  );

  it('are refused where the guard is not there', async () => {
    const { agents } = await open({ config: config({ GUARD_BINARY: join(folder, 'nowhere') }) });
    expect(agents).toEqual({ kind: 'refused', because: expect.stringContaining('ENOENT') });
  });

  it('go without loopback where the machine has none for them, and the log says so', async () => {
    const GUARD_BINARY = await aGuardThatSays({ network: 'unix', because: 'no listener' }, 3);
    const { agents, lines } = await open({ config: config({ GUARD_BINARY }) });
    if (agents.kind !== 'ready') throw new Error(agents.because);
    expect((await agents.leaseUser()).user).toMatchObject({ kind: 'separate', network: 'unix' });
    expect(JSON.stringify(lines)).toContain('no listener');
  });

  describe.runIf(isRoot)('under the guard', () => {
    const ready = async () => {
      const { agents } = await open({ config: config({ GUARD_BINARY: guard()!.path }) });
      if (agents.kind !== 'ready') throw new Error(agents.because);
      return agents.leaseUser;
    };
    const aWorkspace = (user: Parameters<typeof createWorkspace>[0]['user'], name: string) =>
      createWorkspace({
        runsDir: join(folder, 'runs'),
        name,
        otherName: `${name}-other`,
        user,
        signal: new AbortController().signal,
      });

    it('are each another user, and those of two runs do not see each other', async () => {
      const leaseUser = await ready();
      const [one, other] = [await leaseUser(), await leaseUser()];
      const workspace = await aWorkspace(one.user, 'one');
      const look = (user: typeof one.user) =>
        runAsAgent(user, {
          command: 'ls',
          args: [workspace.home],
          cwd: '/',
          env: { PATH: '/usr/bin:/bin' },
          maxBytes: 1_000,
          deadlineMs: 5_000,
        });
      expect((await look(one.user)).code).toBe(0);
      expect((await look(other.user)).stderr).toContain('Permission denied');
      await workspace.remove();
      for (const { giveBack } of [one, other]) await giveBack();
    });

    it('go round the folder of a run that died, under their own uid', async () => {
      const leaseUser = await ready();
      const [dead, next] = [await leaseUser(), await leaseUser()];
      await aWorkspace(dead.user, 'thread'); // and its worker is killed
      const workspace = await aWorkspace(next.user, 'thread');
      expect(workspace.home).toContain('thread-other');
      if (next.user.kind !== 'separate') throw new Error('there is a guard');
      expect((await stat(workspace.home)).uid).toBe(next.user.uid);
      await workspace.remove();
      expect(await readdir(join(folder, 'runs'))).toEqual(['thread']);
    });

    it('leave nothing behind for the next run of their uid: no process, no folder', async () => {
      const leaseUser = await ready();
      const { user, giveBack } = await leaseUser();
      const workspace = await aWorkspace(user, 'left');
      const script = `mkdir -p locked/in; chmod 000 locked ${workspace.home} ..; setsid sleep 60 >/dev/null 2>&1 &`;
      const run = { command: 'sh', args: ['-c', script], env: { PATH: '/usr/bin:/bin' } };
      await runAsAgent(user, { ...run, cwd: workspace.tmp, maxBytes: 1_000, deadlineMs: 5_000 });
      await mkdir(join(folder, 'runs', 'not-a-run'));
      await giveBack();
      expect(await readdir(join(folder, 'runs'))).toEqual(['not-a-run']);
    });
  });
});
