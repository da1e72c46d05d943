// This program once more where no user namespace can be made, as on Fargate: in one of its own, whose limit is none.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Every uid that is used here keeps its number. */
const mapping = '0 0 1000000\n';

/** The second shell starts when the first has become root in there: only then it may set the limit. */
const script = `read -r go
exec sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' sh "$@"`;

/** Its exit code. */
export const runWithoutNamespaces = async (command: readonly string[]): Promise<number> => {
  const child = spawn('unshare', ['--user', '--', 'sh', '-c', script, 'sh', ...command], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  await once(child, 'spawn');
  const exited = once(child, 'exit');
  await untilUnshared(child.pid ?? 0);
  writeFileSync(`/proc/${child.pid}/uid_map`, mapping);
  writeFileSync(`/proc/${child.pid}/gid_map`, mapping);
  child.stdin.end('go\n');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await exited) as [number | null]; // node's documented arguments of `exit`
  return code ?? 1;
};

/** Nothing tells when the program before the shell has made the namespace: its name is another one then. */
const untilUnshared = async (pid: number): Promise<void> => {
  const ours = readlinkSync('/proc/self/ns/user');
  while (readlinkSync(`/proc/${pid}/ns/user`) === ours) await wait(10);
};
