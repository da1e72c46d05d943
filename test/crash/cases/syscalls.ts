// SIGKILL at the nth write of the worker's own thread, wherever that is: strace puts it in, the worker knows nothing.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Case } from '#test/crash/case.ts';
import { askAndWait } from '#test/crash/case.ts';
import type { Trial } from '#test/crash/trial.ts';

const writes = 'write,writev,sendto,sendmsg';
/** A happy path has about 450 of them; the first hundred are those of the process's start. */
const most = 480;
const samples = 40;

/** Why strace cannot be used here; undefined when it can. */
const whyNot = (): string | undefined => {
  if (process.platform !== 'linux') return 'strace is for Linux';
  if (process.getuid?.() !== 0) return 'strace may attach to a process of another parent only as root';
  if (spawnSync('strace', ['-V']).status !== 0) return 'strace is missing (Debian: apt-get install strace)';
  return undefined;
};

/** Follows this thread alone: what the agent and git write is not the worker's. */
const strace = async (pid: number, nth: number) => {
  const inject = `inject=${writes}:signal=SIGKILL:when=${nth}`;
  const child = spawn(
    'strace',
    ['-p', String(pid), '-e', `trace=${writes}`, '-e', inject, '-o', '/dev/null'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const ended = once(child, 'exit');
  const attached = new Promise((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.includes('attached')) resolve(undefined);
    });
  });
  await Promise.race([attached, ended]);
};

const strikeAtWrite = (trial: Trial, nth: number) => {
  let isFirst = true;
  trial.house.line.follow({
    onWorker: async (worker) => {
      if (!isFirst) return { isWatched: true, beatMs: null };
      isFirst = false;
      await strace(worker.pid, nth);
      // as strict as if its run had been stored in no case but the one that is looked up after its end
      void worker.gone.then(() => trial.strike(() => {}));
      return { isWatched: false, beatMs: null };
    },
    onPoint: () => Promise.resolve(),
  });
};

export const syscallCases: readonly Case[] = Array.from({ length: samples }, (_, index) => {
  const nth = 1 + Math.round((index * most) / samples);
  return {
    id: `W${nth}`,
    group: 'W',
    title: `SIGKILL at the worker's write ${nth}`,
    isQuick: index % 20 === 9,
    run: async (trial) => {
      const reason = whyNot();
      if (reason) return { notHere: reason };
      strikeAtWrite(trial, nth);
      return await askAndWait(trial);
    },
  };
});
