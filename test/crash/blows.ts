// What is done to a worker that was caught.
import { setTimeout as wait } from 'node:timers/promises';
import type { CrashHouse } from './crash-house.ts';
import type { Caught } from './line-server.ts';

export const fates = ['KILL', 'TERM', 'TERM+KILL', 'power', 'database', 'network'] as const;
export type Fate = (typeof fates)[number];

/**
 * KILL is an out-of-memory kill, TERM a scale-in or a Spot interruption, TERM+KILL one that comes to its end: at the third call
 * after SIGTERM, or after two seconds. power takes Postgres too; after database and network the worker lives.
 */
export const deal = async (
  fate: Fate,
  worker: Caught,
  { mortal, faults }: Pick<CrashHouse, 'mortal' | 'faults'>,
): Promise<(() => Promise<void>) | undefined> => {
  switch (fate) {
    case 'KILL':
      return void (await kill(worker));
    case 'TERM':
      return void send(worker, 'SIGTERM');
    case 'TERM+KILL':
      send(worker, 'SIGTERM');
      return killLater(worker);
    case 'power':
      await Promise.all([kill(worker), mortal.cutDown()]);
      return void (await mortal.getUp());
    case 'database':
      await mortal.cutDown();
      return void (await mortal.getUp());
    case 'network':
      faults.inject({ call: outside, fault: { kind: 'reset' }, times: Infinity });
      void Promise.race([worker.gone, wait(2_000)]).then(faults.clear);
      return undefined;
  }
};

/** What a worker calls; Lambda and ECS are other people's. */
const outside = /^(?!Invoke |RunTask$|StopTask$|capacity |POST \/webhooks)/;

const kill = async (worker: Caught) => {
  send(worker, 'SIGKILL');
  await worker.gone;
};

const killLater = (worker: Caught) => {
  let calls = 0;
  const timer = setTimeout(() => send(worker, 'SIGKILL'), 2_000);
  void worker.gone.then(() => clearTimeout(timer));
  return async () => {
    calls += 1;
    if (calls === 3) await kill(worker);
  };
};

const send = (worker: Caught, signal: NodeJS.Signals) => {
  if (!worker.isGone()) process.kill(worker.pid, signal);
};
