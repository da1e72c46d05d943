// The guard by itself, as a test starts it, and the programs that attack it.
import { execFile, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { folderInReach } from '#local/reach.ts';
import { guard, hasLoopback } from '#test/support/agent.ts';

export type Net = 'loopback' | 'unix' | 'none';
export type Ended = { code: number | null; signal: string | null; stdout: string; stderr: string };

/** Both need a guard. */
export const canGuard = guard() !== undefined;
export const canLoopback = hasLoopback();

const fixtures = fileURLToPath(new URL('../fixtures/guard', import.meta.url));
const deadlineMs = 25_000;

/** A uid of its own, and a folder that it can enter and its programs lie in. */
export const aGuardedPlace = () => {
  const uid = randomInt(1_000_000, 2_000_000_000);
  const folder = mkdtempSync(join(folderInReach(tmpdir()), 'guard-'));
  chmodSync(folder, 0o755);
  const path = guard()?.path ?? '';
  const ids = [`--uid=${uid}`, `--gid=${uid}`];

  const run = (net: Net, command: readonly string[], options: readonly string[] = []) =>
    end(path, [...ids, `--net=${net}`, ...options, '--', ...command]);
  /** As a process that the test can signal. */
  const start = (net: Net, command: readonly string[]) =>
    spawn(path, [...ids, `--net=${net}`, '--', ...command], { cwd: '/', env, stdio: 'pipe' });
  return {
    uid,
    folder,
    path,
    run,
    start,
    sh: (net: Net, script: string, options?: readonly string[]) =>
      run(net, ['/bin/sh', '-c', script], options),
    /** The guard with other words. */
    guard: (...words: string[]) => end(path, [...words, ...ids]),
    kill: () => end(path, ['--kill', ...ids]),
    /** What runs of the uid; zombies are left out: who started them has yet to look. */
    processes: () => processesOf(uid),
    program: (name: string) => compile(join(folder, name), name),
    remove: async () => {
      await end(path, ['--kill', ...ids]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
export type GuardedPlace = ReturnType<typeof aGuardedPlace>;

const env = { PATH: '/usr/bin:/bin', HOME: '/nowhere' };

export const end = (command: string, args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { cwd: '/', env, timeout: deadlineMs, killSignal: 'SIGKILL' } as const;
    const child = execFile(command, args, options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr }),
    );
  });

const compile = async (path: string, name: string): Promise<string> => {
  if (existsSync(path)) return path;
  const source = join(fixtures, `${name}.c`);
  await promisify(execFile)('cc', ['-O1', '-static', '-D_GNU_SOURCE', '-pthread', '-o', path, source]);
  chmodSync(path, 0o755);
  return path;
};

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

/** A device of this machine that leads out of it, and an address of the machine on it. */
export const wayOut = () => {
  if (process.platform !== 'linux') return undefined;
  for (const [device, addresses = []] of Object.entries(networkInterfaces())) {
    const address = addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
    if (address === undefined) continue;
    return { device, address, number: readFileSync(`/sys/class/net/${device}/ifindex`, 'utf8').trim() };
  }
  return undefined;
};
