// The worker's side of the line to the harness: says who it is and where it is, and waits to be let on.
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import type { Point } from './point.ts';

export const ordersSchema = z.object({
  /** Whether every port call is to be told. */
  isWatched: z.boolean(),
  /** Milliseconds between beats, instead of core/job.ts's. */
  beatMs: z.int().positive().nullable(),
});
export type Orders = z.infer<typeof ordersSchema>;

const answerSchema = z.object({ id: z.int(), orders: ordersSchema.optional() });

export const callHarness = async (path: string) => {
  const socket = connect(path);
  await once(socket, 'connect');
  // without a harness nobody lets it on
  socket.on('close', () => process.exit(70));
  const waiting = new Map<number, (answer: z.infer<typeof answerSchema>) => void>();
  createInterface({ input: socket }).on('line', (line) => {
    const answer = answerSchema.parse(JSON.parse(line));
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  let lastId = 0;
  const ask = (message: object) =>
    new Promise<z.infer<typeof answerSchema>>((resolve) => {
      lastId += 1;
      waiting.set(lastId, resolve);
      socket.write(`${JSON.stringify({ id: lastId, ...message })}\n`);
    });
  const { orders } = await ask({ pid: process.pid });
  return {
    orders: ordersSchema.parse(orders),
    stopAt: async (point: Point): Promise<void> => {
      await ask({ point });
    },
  };
};
