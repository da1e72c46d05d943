// The guard as a program: what it makes of a process, how it ends, what it says of the machine.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GuardedPlace, Net } from '#test/support/guard.ts';
import { aGuardedPlace, canGuard, canLoopback, end } from '#test/support/guard.ts';

let place: GuardedPlace;
beforeAll(() => {
  place = aGuardedPlace();
});
afterAll(() => place.remove());

const nets: Net[] = canLoopback ? ['none', 'unix', 'loopback'] : ['none', 'unix'];

describe.runIf(canGuard).each(nets)('what the guard starts with --net %s', (net) => {
  it('has the ids, no other group, no capability and no way to one', async () => {
    const { stdout } = await place.sh(net, 'cat /proc/self/status; id -G');
    const valueOf = (key: string) => new RegExp(`^${key}:[ \\t]*(.*)$`, 'm').exec(stdout)?.[1]?.trim();
    const four = Array(4).fill(place.uid).join('\t');
    expect([valueOf('Uid'), valueOf('Gid'), valueOf('Groups')]).toEqual([four, four, '']);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(valueOf(set)).toBe('0000000000000000');
    expect([valueOf('NoNewPrivs'), valueOf('Seccomp')]).toEqual(['1', '2']);
  });

  it('holds no descriptor above 2, and in the place of a missing one nothing', async () => {
    const secret = join(place.folder, `secret-${net}`);
    writeFileSync(secret, 'for root only', { mode: 0o600 });
    const [inherited, ...args] = [openSync(secret, 'r'), `--uid=${place.uid}`, `--gid=${place.uid}`];
    const list = 'exec <&-; for fd in /proc/self/fd/*; do echo "${fd##*/} $(readlink "$fd")"; done';
    const script = 'exec 0<&-; exec "$@"'; // its standard input is missing
    const child = spawn(
      '/bin/sh',
      ['-c', script, 'sh', place.path, ...args, `--net=${net}`, '--', '/bin/sh', '-c', list],
      { stdio: ['ignore', 'pipe', 'inherit', inherited, ...Array(40).fill('ignore'), inherited] },
    );
    const listed = await text(child.stdout!);
    expect(listed).not.toContain('secret');
    // what the shell opens to read the folder, and to read from readlink, is its own
    expect(
      listed.split('\n').filter((line) => /socket|anon_inode/.test(line.slice(2)) && !/^[12] /.test(line)),
    ).toEqual([]);
  });

  it.each([
    ['exit 0', 0, null],
    ['exit 42', 42, null],
    ['kill -TERM $$', null, 'SIGTERM'],
    ['kill -SEGV $$', null, 'SIGSEGV'],
    ['kill -KILL $$', null, 'SIGKILL'],
  ])('ends as its command: %s', async (script, code, signal) => {
    expect(await place.sh(net, script)).toMatchObject({ code, signal });
  });

  it('tells what kept it from starting by the exit code', async () => {
    expect(await place.run(net, ['/nowhere/program'])).toMatchObject({ code: 127 });
    expect(await place.run(net, ['/etc/passwd'])).toMatchObject({ code: 126 });
    expect(await place.sh(net, 'exit 0', ['--chdir=/nowhere'])).toMatchObject({ code: 125 });
  });

  it('enters its folder with its own rights, not with those of root', async () => {
    const closed = join(place.folder, `closed-${net}`);
    mkdirSync(join(closed, 'open'), { recursive: true });
    chmodSync(closed, 0o700);
    const { code, stderr } = await place.sh(net, 'ls', [`--chdir=${closed}/open`]);
    expect([code, stderr]).toEqual([125, expect.stringContaining('Permission denied')]);
  });

  it('has its limits, and cannot lift them', async () => {
    const limits =
      'ulimit -c; ulimit -d; ulimit -f; ulimit -Hp 2>/dev/null || ulimit -Hu; ulimit -d unlimited 2>/dev/null || echo no';
    const { stdout } = await place.run(
      net,
      ['/bin/bash', '-c', limits],
      ['--nproc=77', `--data=${512 * 1024 * 1024}`, `--fsize=${1024 * 1024}`],
    );
    const [core, data, file, , ending] = stdout.trim().split('\n');
    expect([core, data, file, ending]).toEqual(['0', String(512 * 1024), '1024', 'no']);
    const { stdout: processes } = await place.sh(net, 'grep "Max processes" /proc/self/limits', [
      '--nproc=77',
    ]);
    expect(processes).toMatch(/Max processes +77 +77/);
  });

  it('is taken first where memory is short', async () => {
    expect((await place.sh(net, 'cat /proc/self/oom_score_adj')).stdout).toBe('1000\n');
  });

  it('is not started with a network socket for its input', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect(server.address() as { port: number }); // it listens on TCP
    await once(client, 'connect');
    const { fd } = (client as unknown as { _handle: { fd: number } })._handle; // the only way to its number
    const args = [`--uid=${place.uid}`, `--gid=${place.uid}`, `--net=${net}`, '--', '/bin/true'];
    const child = spawn(place.path, args, { stdio: [fd, 'ignore', 'pipe'] });
    expect(await text(child.stderr!)).toContain('is a network socket');
    client.destroy();
    server.close();
  });
});

describe.runIf(canLoopback)('the parent that stays for --net loopback', () => {
  it('passes signals on to the command and to what is in its group, once', async () => {
    const script =
      'trap "echo heard" TERM; sh -c "trap \\"echo child; exit\\" TERM; echo up; while :; do sleep 0.05; done" & wait; wait; exit 3';
    const child = place.start('loopback', ['/bin/sh', '-c', script]);
    const said = text(child.stdout);
    await once(child.stdout, 'readable');
    child.kill('SIGTERM');
    expect((await once(child, 'exit'))[0]).toBe(3);
    expect((await said).split('\n').filter((line) => line === 'heard')).toHaveLength(1);
    expect(await said).toContain('child');
  });

  it('ends everything of the uid when the command ends', async () => {
    const script = 'setsid sh -c "sleep 60 & sleep 60" >/dev/null 2>&1 & sleep 0.1; exit 0';
    expect(await place.sh('loopback', script)).toMatchObject({ code: 0, stderr: '' });
    expect(place.processes()).toEqual([]);
  });

  it('takes the command with it when it is killed, and what is left has no network', async () => {
    const after = join(place.folder, 'after');
    mkdirSync(after);
    chmodSync(after, 0o777);
    const orphan = `import socket, time, os
while os.getppid() == ${'PARENT'}: time.sleep(0.02)
try: socket.socket(); said = 'a socket'
except OSError as error: said = error.strerror
open('${after}/said.new', 'w').write(said); os.rename('${after}/said.new', '${after}/said')`;
    const script = `python3 -c "$(echo "$0" | sed "s/PARENT/$$/")" & echo $$; exec sleep 60`;
    const child = place.start('loopback', ['/bin/sh', '-c', script, orphan]);
    const [pid] = await once(child.stdout, 'data');
    expect(place.processes()).toContain(String(pid).trim());
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect
      .poll(() => place.sh('none', `cat ${after}/said`), { timeout: 10_000 })
      .toMatchObject({
        stdout: 'Function not implemented',
      });
    await place.kill();
    expect(place.processes()).toEqual([]);
  });
});

describe.runIf(canGuard)('guard --kill', () => {
  it('ends a fork chain that no look at a list would catch', async () => {
    const chain =
      'f() { (sleep 0.005; f) & }; f; f; f; setsid sh -c "while :; do (sleep 0.01 &) ; sleep 0.001; done" & echo up; wait';
    const child = place.start('none', ['/bin/bash', '-c', chain]);
    await once(child.stdout, 'data');
    expect(await place.kill()).toMatchObject({ code: 0 });
    expect(place.processes()).toEqual([]);
  });

  it.each(['SIGSTOP', 'SIGKILL'])(
    'ends one that sends everybody of its uid %s, its end included',
    async (name) => {
      const program = `import os, signal\nprint(1, flush=True)\nwhile True: os.kill(-1, signal.${name})`;
      const child = place.start('none', ['/usr/bin/python3', '-c', program]);
      await once(child.stdout, 'data');
      expect(await place.kill()).toMatchObject({ code: 0 });
      expect(place.processes()).toEqual([]);
    },
  );

  it('ends a process whose first thread has ended before the others', async () => {
    const program =
      'import ctypes, threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\nprint(1, flush=True)\nctypes.CDLL(None).syscall(60 if __import__("platform").machine() == "x86_64" else 93, 0)';
    const child = place.start('none', ['/usr/bin/python3', '-c', program]);
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    expect(await place.kill()).toMatchObject({ code: 0 });
    expect((await ended)[1]).toBe('SIGKILL');
  });

  it('has nothing to do where nothing runs', async () => {
    expect(await place.kill()).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });
});

describe.runIf(canGuard)('the words to the guard', () => {
  it('are explained by --help', async () => {
    const { code, stdout } = await end(place.path, ['--help']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('usage: guard --uid U')]);
  });

  it.each([
    [['--net=none', '--', 'true'], '--uid and --gid'],
    [['--uid=0', '--gid=0', '--net=none', '--', 'true'], 'not the id of an ordinary user'],
    [['--uid=999', '--gid=5000', '--net=none', '--', 'true'], 'not the id of an ordinary user'],
    [['--uid=65534', '--gid=5000', '--net=none', '--', 'true'], 'not the id of an ordinary user'],
    [['--uid=4294967295', '--gid=5000', '--net=none', '--', 'true'], 'not the id of an ordinary user'],
    [['--uid=-1', '--gid=5000', '--net=none', '--', 'true'], 'not a number'],
    [['--uid=5000', '--gid=5000', '--', 'true'], '--net is needed'],
    [['--uid=5000', '--gid=5000', '--net=all', '--', 'true'], 'loopback, unix or none'],
    [['--uid=5000', '--gid=5000', '--net=unix', '--alone', '--', 'true'], 'goes with --net loopback'],
    [['--uid=5000', '--gid=5000', '--net=none'], 'no command'],
    [['--uid=5000', '--gid=5000', '--kill', '--', 'true'], 'no command goes with this'],
    [['--wild'], 'see guard --help'],
  ])('%j are refused', async (words, why) => {
    expect(await end(place.path, words)).toMatchObject({ code: 125, stderr: expect.stringContaining(why) });
  });
});

describe.runIf(canGuard)('guard --probe', () => {
  const olderKernel = async (way: string) =>
    end(await place.program('older-kernel'), [
      way,
      place.path,
      '--probe',
      `--uid=${place.uid}`,
      `--gid=${place.uid}`,
    ]);

  it.runIf(canLoopback)('says that loopback can be had', async () => {
    const { code, stdout } = await place.guard('--probe');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ network: 'loopback', isAlone: expect.any(Boolean) });
  });

  it('says that a kernel whose filters have no listener is good for Unix sockets', async () => {
    const { code, stdout } = await olderKernel('no-listener');
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toEqual({ network: 'unix', because: expect.stringContaining('listener') });
  });

  it('says that one without filters is good for nothing', async () => {
    const { code, stdout } = await olderKernel('no-filter');
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toEqual({ network: 'nothing', because: expect.stringContaining('seccomp') });
  });

  it.each([
    ['sys_ptrace', 3, 'CAP_SYS_PTRACE'],
    ['setpcap', 4, 'CAP_SETPCAP'],
    ['setuid', 4, 'CAP_SETUID'],
    ['setgid', 4, 'CAP_SETGID'],
  ])('misses the capability %s and names it', async (name, code, named) => {
    const without = [
      `--bounding-set=-${name}`,
      '--',
      place.path,
      '--probe',
      `--uid=${place.uid}`,
      `--gid=${place.uid}`,
    ];
    const ended = await end('/usr/bin/setpriv', without);
    expect(ended).toMatchObject({ code, stdout: expect.stringContaining(named) });
  });
});
