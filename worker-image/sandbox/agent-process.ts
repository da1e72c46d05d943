// A started process of the agent: how it ends, what it said, how it is signalled.
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

export type AgentProcess = ChildProcessByStdio<Writable, Readable, Readable>;

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

/** The end of the process itself. Rejects when it could not be started. */
export const exitOf = (child: ChildProcess): Promise<Exit> =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });

/** After the exit: waits for the pipes' end, but not for long on somebody else who holds them. */
export const drained = async (child: AgentProcess, graceMs: number): Promise<void> => {
  const pipes = [child.stdout, child.stderr].filter((pipe) => !pipe.closed);
  const graceOver = new AbortController();
  const closed = Promise.all(pipes.map((pipe) => once(pipe, 'close')));
  await Promise.race([closed, wait(graceMs, undefined, { signal: graceOver.signal }).catch(() => {})]);
  graceOver.abort();
  for (const pipe of pipes) pipe.destroy();
};

/** Sends to the whole process group; one that is gone is fine. */
export const signalGroup = (child: ChildProcess, signal: NodeJS.Signals): void => {
  if (child.pid !== undefined) sendSignal(-child.pid, signal);
};

export const sendSignal = (pid: number, signal: NodeJS.Signals) => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
};

/** The last bytes that came, as text. */
export const keepTail = (stream: Readable, maxBytes: number): (() => string) => {
  let tail = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk.subarray(-maxBytes)]).subarray(-maxBytes);
  });
  stream.on('error', () => {}); // a pipe that breaks has ended
  return () => tail.toString('utf8');
};

export const keepHead = (stream: Readable, maxBytes: number, onCut: () => void) => {
  const chunks: Buffer[] = [];
  let left = maxBytes;
  stream.on('data', (chunk: Buffer) => {
    if (left > 0) chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left < 0) onCut();
  });
  stream.on('error', () => {}); // a pipe that breaks has ended
  return () => ({ stdout: Buffer.concat(chunks), isCut: left < 0 });
};
