// One `git http-backend` per request: streamed both ways, told to end when its client hangs up.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createCgiHead } from './cgi.ts';
import { gitEnvironment } from './git.ts';
import type { RefUpdate } from './pulls.ts';

export const createBackends = (folder: string) => {
  const running = new Set<ChildProcess>();

  /** Without a response the answer goes nowhere: the effect is all that is wanted. */
  const run = async (req: IncomingMessage, res: ServerResponse | undefined, env: Record<string, string>) => {
    const updatesFile = join(folder, `updates-${randomUUID()}`);
    const backend = spawn('git', ['http-backend'], {
      cwd: folder,
      env: { ...gitEnvironment(folder), ...env, TWIN_UPDATES: updatesFile },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    running.add(backend);
    const hungUp = new AbortController();
    hungUp.signal.addEventListener('abort', () => backend.kill());
    res?.once('close', () => hungUp.abort());
    // the backend may refuse before it has read everything: its answer counts, not the broken pipe
    void pipeline(req, backend.stdin).catch(() => undefined);
    const ends = Promise.all([relay(backend, res, hungUp.signal), once(backend, 'exit')]);
    const [status] = await ends.finally(() => running.delete(backend));
    return { status, updates: await takeUpdates(updatesFile) };
  };

  const close = async () => {
    const ended = [...running].map((backend) => once(backend, 'exit'));
    for (const backend of running) backend.kill();
    await Promise.all(ended);
  };

  return { run, close };
};

/** The backend's answer to the client, or to nobody; returns its status. */
const relay = async (
  backend: ChildProcess,
  res: ServerResponse | undefined,
  hungUp: AbortSignal,
): Promise<number> => {
  const head = createCgiHead();
  for await (const chunk of backend.stdout ?? []) {
    const wasKnown = head.parsed();
    const body = head.feed(chunk as Buffer); // a pipe without an encoding gives buffers
    const parsed = head.parsed();
    if (!res || !parsed) continue;
    if (!wasKnown) res.writeHead(parsed.status, parsed.headers);
    // a client that hangs up never drains
    if (body.length > 0 && !res.write(body))
      await once(res, 'drain', { signal: hungUp }).catch(() => undefined);
  }
  const status = head.parsed()?.status ?? 500;
  if (res && !res.headersSent) res.writeHead(status);
  return status;
};

const takeUpdates = async (file: string): Promise<RefUpdate[]> => {
  // git runs the hook only when a ref moved
  const text = await readFile(file, 'utf8').catch(() => '');
  await rm(file, { force: true });
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [old = '', new_ = '', ref = ''] = line.split(' ');
      return { ref, old, new: new_ };
    });
};
