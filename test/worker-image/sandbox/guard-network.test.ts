// The network of the agent under the guard: what works on loopback, and that nothing leads out of it.
import { createServer } from 'node:net';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programInReach } from '#local/reach.ts';
import { guard } from '#test/support/agent.ts';
import type { GuardedPlace } from '#test/support/guard.ts';
import { aGuardedPlace, canGuard, canLoopback, end, wayOut } from '#test/support/guard.ts';

let place: GuardedPlace;
let node: string;
beforeAll(() => {
  place = aGuardedPlace();
  node = programInReach(process.execPath, place.folder);
});
afterAll(() => place.remove());

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
const loopback = ['127.0.0.1', ...(hasIpv6 ? ['::1'] : [])];
const out = wayOut();

describe.runIf(canLoopback)('on loopback', () => {
  it.each(loopback)('a program without libraries serves and asks, at %s', async (address) => {
    expect(await place.run('loopback', [await place.program('converse'), address])).toMatchObject({
      code: 0,
      stdout: 'hello\n',
    });
  });

  it.each(loopback)('Node does, at %s', async (address) => {
    const script = `
      const server = require('node:http').createServer((_, answer) => answer.end('hello'));
      server.listen(0, ${JSON.stringify(address)}, async () => {
        const host = ${JSON.stringify(address.includes(':') ? `[${address}]` : address)};
        console.log(await (await fetch('http://' + host + ':' + server.address().port)).text());
        process.exit();
      });`;
    expect((await place.run('loopback', [node, '-e', script])).stdout).toBe('hello\n');
  });

  it.each(loopback)('Python serves and curl asks, at %s', async (address) => {
    const serve = `
import http.server, socket, subprocess, sys, threading
class Server(http.server.ThreadingHTTPServer): address_family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
server = Server((sys.argv[1], 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
host = '[%s]' % sys.argv[1] if ':' in sys.argv[1] else sys.argv[1]
print(subprocess.run(['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', 'http://%s:%d/' % (host, server.server_port)], capture_output=True, text=True).stdout)`;
    const { stdout, stderr } = await place.run('loopback', ['/usr/bin/python3', '-c', serve, address]);
    expect([stdout, stderr]).toEqual(['200\n', expect.any(String)]);
  });

  it('a server that another user started answers, too', async () => {
    const server = createHttpServer((_, answer) => answer.end('from outside')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number }; // it listens on TCP
    expect((await place.sh('loopback', `curl -s http://127.0.0.1:${port}`)).stdout).toBe('from outside');
    server.close();
  });

  it('a socket file is made with the agent’s rights, folder and umask', async () => {
    const own = join(place.folder, 'own');
    mkdirSync(own, { mode: 0o777 });
    chmodSync(own, 0o777);
    const bind = (path: string) =>
      `import socket, os\nos.umask(0o027)\nsocket.socket(socket.AF_UNIX).bind('${path}')`;
    const name = 'a-name-that-is-longer-than-any-internet-address';
    await place.run('loopback', ['/usr/bin/python3', '-c', bind(name)], [`--chdir=${own}`]);
    const { uid, gid, mode } = statSync(join(own, name));
    expect([uid, gid, mode & 0o777]).toEqual([place.uid, place.uid, 0o750]);
    const elsewhere = await place.run('loopback', ['/usr/bin/python3', '-c', bind(join(place.folder, name))]);
    expect(elsewhere.stderr).toContain('Permission denied');
  });

  it.runIf(guard()?.isAlone)('alone it has a loopback of its own, with nobody else on it', async () => {
    const server = createHttpServer((_, answer) => answer.end('from outside')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number }; // it listens on TCP
    const ask = ['/usr/bin/curl', '-sS', `http://127.0.0.1:${port}`];
    expect((await place.run('loopback', ask, ['--alone'])).stderr).toContain('connect');
    for (const address of loopback)
      expect(
        await place.run('loopback', [await place.program('converse'), address], ['--alone']),
      ).toMatchObject({ stdout: 'hello\n' });
    expect((await place.sh('loopback', 'cat /proc/net/dev', ['--alone'])).stdout).not.toContain('eth');
    server.close();
  });

  it('shares no port with a server of another user', async () => {
    const server = createServer().listen({ port: 0, host: '127.0.0.1', reusePort: true });
    await once(server, 'listening');
    const { port } = server.address() as { port: number }; // it listens on TCP
    const share = `import socket\ns = socket.socket()\ns.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\ns.bind(('127.0.0.1', ${port}))`;
    const { stderr } = await place.run('loopback', ['/usr/bin/python3', '-c', share]);
    expect(stderr).toContain('Address already in use');
    server.close();
  });

  const freePorts = '/proc/sys/net/ipv4/ip_unprivileged_port_start';
  const firstFreePort = existsSync(freePorts) ? Number(readFileSync(freePorts, 'utf8')) : 0;
  it.runIf(hasIpv6 && firstFreePort > 80)(
    'a low port is refused, though root carries the call out',
    async () => {
      const low = "import socket\nsocket.socket(socket.AF_INET6).bind(('::1', 80))";
      const { stderr } = await place.run('loopback', ['/usr/bin/python3', '-c', low]);
      expect(stderr).toContain('Permission denied');
    },
  );
});

/** What is refused, and how, whatever the network. */
const always = `udp EAFNOSUPPORT, udp6 EAFNOSUPPORT, raw EAFNOSUPPORT, ping EAFNOSUPPORT, old_packet EAFNOSUPPORT, packet EAFNOSUPPORT,
  vsock EAFNOSUPPORT, alg EAFNOSUPPORT, xdp EAFNOSUPPORT, smc EAFNOSUPPORT, tipc EAFNOSUPPORT, bluetooth EAFNOSUPPORT,
  netlink_diag EAFNOSUPPORT, netlink_netfilter EAFNOSUPPORT, netlink_uevent EAFNOSUPPORT, wide_family EAFNOSUPPORT, pair EAFNOSUPPORT,
  io_uring ENOSYS, namespaces EPERM, net_namespace EPERM, old_clone EPERM, new_clone ENOSYS, mounting EPERM, mount_context EPERM,
  chrooting EPERM, bpf EPERM, keys ENOSYS, key ENOSYS, asked_key ENOSYS, traced EPERM, seized EPERM, memory EPERM, descriptor EPERM,
  perf EPERM, faults EPERM, module EPERM, kexec EPERM, unknown ENOSYS, kernel_log EPERM, typing EPERM, root_again EPERM, other_user EPERM`;
const onLoopback = `${always}, sctp EPROTONOSUPPORT, mptcp EPROTONOSUPPORT, device EPERM, no_device EPERM, device_number EPERM,
  source_route EPERM, routing_header EPERM, upper_protocol EPERM, credentials ENETUNREACH, fast_open EOPNOTSUPP,
  fast_open_message EOPNOTSUPP, fast_open_messages EOPNOTSUPP`;
const withoutTcp = `${always}, sctp EAFNOSUPPORT, mptcp EAFNOSUPPORT, ${'device no_device device_number source_route routing_header upper_protocol credentials fast_open fast_open_message fast_open_messages'
  .split(' ')
  .map((name) => `${name} EBADF`) // it had no socket to try it on
  .join(', ')}`;
const sorted = (text: string, between: RegExp) => text.trim().split(between).sort();

describe.runIf(canGuard)('whatever else could lead out', () => {
  it.each([
    ...(canLoopback ? [['loopback', onLoopback] as const] : []),
    ['unix', withoutTcp] as const,
    ['none', withoutTcp] as const,
  ])('is refused with --net %s', async (net, wanted) => {
    const { stdout } = await place.run(net, [await place.program('attempts')]);
    expect(sorted(stdout, /\n/)).toEqual(sorted(wanted, /,\s+/));
  });

  it.runIf(process.arch === 'x64')('is refused by the other doors of the processor', async () => {
    const program = await place.program('foreign-call');
    expect(await place.run('unix', [program, 'x32'])).toMatchObject({ stdout: 'ENOSYS\n' });
    expect(await place.run('unix', [program, 'i386'])).toMatchObject({ signal: 'SIGSYS', stdout: '' });
  });

  it('names are not resolved', async () => {
    for (const net of canLoopback ? (['loopback', 'none'] as const) : (['none'] as const))
      expect((await place.sh(net, 'getent ahosts example.com')).code).not.toBe(0);
  });

  it('without a network nothing can be bound, which another process may have handed over', async () => {
    const bind = "import socket\nsocket.socket(socket.AF_UNIX).bind('\\0abstract-and-rather-long-name')";
    expect((await place.run('none', ['/usr/bin/python3', '-c', bind])).stderr).toContain('Permission denied');
    expect((await place.run('unix', ['/usr/bin/python3', '-c', bind])).code).toBe(0);
  });
});

describe.runIf(canLoopback && out)('a socket on loopback', () => {
  const { device, address, number } = out ?? { device: '', address: '', number: '' };
  const unguarded = async (program: string, ...args: string[]) =>
    (
      await end('/usr/bin/setpriv', [
        `--reuid=${place.uid}`,
        `--regid=${place.uid}`,
        '--clear-groups',
        '--bounding-set=-all',
        '--',
        program,
        ...args,
      ])
    ).stdout.trim();
  const guarded = async (program: string, ...args: string[]) =>
    (await place.run('loopback', [program, ...args])).stdout.trim();

  it.runIf(hasIpv6).each(['bind', 'long-bind', 'flip', 'swap'])(
    'stays there, where without the guard it is moved by %s',
    async (way) => {
      const program = await place.program('move-socket');
      expect(await unguarded(program, way, device, '10000000')).toBe(device);
      expect(await guarded(program, way, device, '4000')).toBe('lo');
    },
  );

  it.runIf(hasIpv6)('stays there when it is disconnected', async () => {
    expect(await guarded(await place.program('move-socket'), 'disconnect', device, '1')).toBe('lo');
  });

  it.runIf(hasIpv6).each(['none', 'loopback'] as const)(
    'stays there when it is handed to a process with --net %s',
    async (net) => {
      const program = await place.program('hand-over');
      const path = join('/tmp', `hand-over-${place.uid}-${net}`);
      const giver = place.start('loopback', [program, path, 'give', number]);
      const ended = once(giver, 'exit');
      await once(giver.stdout, 'data');
      expect((await place.run(net, [program, path, 'take', number])).stdout).toBe('lo\n');
      await ended; // it ends everything of the uid
      rmSync(path);
    },
  );

  it('never reaches another address, however the address changes while it is looked at', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, address);
    await once(server, 'listening');
    const { port } = server.address() as { port: number }; // it listens on TCP
    const program = await place.program('reach-out');
    expect(await unguarded(program, address, String(port), '1000000')).toBe('reached');
    expect(await guarded(program, address, String(port), '4000')).toBe('not reached');
    server.close();
  });

  it.each(['10.255.255.1', '169.254.170.2', '1.1.1.1', address, '::ffff:10.0.0.1', 'fd00:ec2::254'])(
    'is told at once that %s cannot be reached',
    async (elsewhere) => {
      const script = `require('node:net').connect(80, ${JSON.stringify(elsewhere)}).on('error', ({ code }) => console.log(code))`;
      expect((await place.run('loopback', [node, '-e', script])).stdout).toBe('ENETUNREACH\n');
    },
  );
});
