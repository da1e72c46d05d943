// One request, from a person's comment to how it ended.
import { openDatabase } from '#db/database.ts';
import { createDeliveries } from '#db/deliveries.ts';
import { databaseEnvSchema } from '#db/env.ts';
import { createTasks } from '#db/tasks.ts';
import type { StoredTask } from '#db/tasks.ts';
import type { House } from './house.ts';
import type { Entry, Journal } from './journal.ts';
import { databaseEnvironment } from './surroundings.ts';

export type Played =
  | { kind: 'ended'; task: StoredTask }
  /** The door or triage wanted no task of it. */
  | { kind: 'not_taken'; reason: string }
  | { kind: 'no_end'; afterMs: number };

type Request = { comment: string; login: string; issue: number; timeoutMs: number; signal?: AbortSignal };

export const play = async (
  house: House,
  journal: Journal,
  request: Request,
): Promise<Played | 'interrupted'> => {
  const { comment: body, login, issue: number, timeoutMs, signal } = request;
  const { delivered } = house.github.comment({ repository: house.demo.repository, number, login, body });
  const delivery = await delivered;
  if (!delivery) return { kind: 'not_taken', reason: 'GitHub sent no webhook' };
  const refusal = refusalIn(delivery.statusCode, delivery.response.body);
  if (refusal) return { kind: 'not_taken', reason: refusal };

  const { db, close } = openDatabase(databaseEnvSchema.parse(databaseEnvironment(house.surroundings)), {
    max: 1,
  });
  const deliveries = createDeliveries(db);
  const tasks = createTasks(db);
  const from = journal.entries().length;
  const look = async (): Promise<Played | undefined> => {
    const result = await deliveries.find({ platform: 'github', id: delivery.guid });
    if (result?.kind === 'refused') return { kind: 'not_taken', reason: result.reason };
    const task = result && (await tasks.get(result.taskId));
    // after the outcome the worker still rings the next one, acknowledges and ends
    const hasWorkerEnded = journal.entries().slice(from).some(isWorkerEnd);
    return task?.outcome && hasWorkerEnded ? { kind: 'ended', task } : undefined;
  };
  try {
    const ends = [AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])];
    const played = await lookAtEveryCall(journal, look, AbortSignal.any(ends));
    if (played) return played;
    return signal?.aborted ? 'interrupted' : { kind: 'no_end', afterMs: timeoutMs };
  } finally {
    await close();
  }
};

const isWorkerEnd = ({ twin, call }: Entry) => twin === 'ecs' && call === 'task STOPPED';

const refusalIn = (status: number, body: string): string | undefined => {
  if (status !== 202) return `the door answered ${status}`;
  const answer: { status?: unknown; reason?: unknown } = JSON.parse(body);
  return answer.status === 'queued' ? undefined : String(answer.reason);
};

/** Looks again whenever a twin was called, until it is over: nothing changes in the house without a call. */
const lookAtEveryCall = <T>(journal: Journal, look: () => Promise<T | undefined>, over: AbortSignal) =>
  new Promise<T | undefined>((resolve, reject) => {
    let again = true;
    let isLooking = false;
    const end = (settle: () => void) => {
      over.removeEventListener('abort', onOver);
      stop();
      settle();
    };
    const lookWhileCalled = async () => {
      if (isLooking) return;
      isLooking = true;
      while (again) {
        again = false;
        const found = await look();
        if (found !== undefined) return end(() => resolve(found));
      }
      isLooking = false;
    };
    const onCall = () => {
      again = true;
      lookWhileCalled().catch((error: unknown) => end(() => reject(error)));
    };
    const onOver = () => end(() => resolve(undefined));
    const stop = journal.listen(onCall);
    over.addEventListener('abort', onOver);
    if (over.aborted) onOver();
    else onCall();
  });
