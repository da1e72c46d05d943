// The harness's side of the line: every worker that is started calls here first, and stops here at every port call.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import type { Orders } from './harness-line.ts';
import type { Point } from './point.ts';
import { pointSchema } from './point.ts';

export type Caught = {
  pid: number;
  /** Its process is gone. */
  gone: Promise<void>;
  isGone: () => boolean;
};
export type Seen = Point & { pid: number };

/** What is to happen to the workers of one case. */
export type Plan = {
  /** A worker is there and has done nothing yet. */
  onWorker: (worker: Caught) => Promise<Orders>;
  /** The worker goes on when it resolves. */
  onPoint: (point: Point, worker: Caught) => Promise<void>;
};

export const letGo: Plan = {
  onWorker: () => Promise.resolve({ isWatched: true, beatMs: null }),
  onPoint: () => Promise.resolve(),
};

const lineSchema = z.union([
  z.object({ id: z.int(), pid: z.int() }),
  z.object({ id: z.int(), point: pointSchema }),
]);

export const startLine = async (path: string) => {
  const seen: Seen[] = [];
  const problems: unknown[] = [];
  const state = { plan: letGo };
  const sockets = new Set<Socket>();
  const serve = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}); // it was killed; its close tells
    const closed = new Promise<void>((resolve) => {
      socket.once('close', () => {
        sockets.delete(socket);
        resolve();
      });
    });
    let worker: Caught | undefined;
    const hear = async (text: string) => {
      const line = lineSchema.parse(JSON.parse(text));
      if ('pid' in line) {
        worker = { pid: line.pid, gone: closed, isGone: () => !sockets.has(socket) };
        socket.write(`${JSON.stringify({ id: line.id, orders: await state.plan.onWorker(worker) })}\n`);
        return;
      }
      if (!worker) throw new Error('a worker spoke before it said who it is');
      seen.push({ ...line.point, pid: worker.pid });
      await state.plan.onPoint(line.point, worker);
      if (!worker.isGone()) socket.write(`${JSON.stringify({ id: line.id })}\n`);
    };
    const lines = createInterface({ input: socket });
    lines.on('error', () => {}); // as above
    lines.on('line', (text) => {
      hear(text).catch((error: unknown) => {
        problems.push(error);
        socket.destroy(); // its worker exits
      });
    });
  };
  const server = createServer(serve).listen(path);
  await once(server, 'listening');
  return {
    path,
    /** Every point that any worker came to. */
    seen: (): readonly Seen[] => seen,
    /** What went wrong in a plan since the last asking. */
    problems: () => problems.splice(0),
    follow: (plan: Plan) => {
      state.plan = plan;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
};
export type Line = Awaited<ReturnType<typeof startLine>>;
