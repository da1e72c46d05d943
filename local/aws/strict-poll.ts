// A long poll: ends with the first messages there are, else when its time is over or nobody waits for it any more.
import type { Clock } from '#local/clock.ts';
import type { RegisteredQueue } from './strict-registry.ts';
import type { Received } from './strict-queue.ts';

type Poll = {
  from: RegisteredQueue;
  clock: Clock;
  waitMs: number;
  max: number;
  visibilityMs: number;
  gone: AbortSignal;
};

export const poll = ({ from, clock, waitMs, gone, ...options }: Poll) =>
  new Promise<Received[]>((resolve) => {
    const endsAt = clock.now() + waitMs;
    let callOff = () => {};
    const look = () => {
      callOff();
      const taken = from.receive(options);
      if (taken.length > 0 || clock.now() >= endsAt) return end(taken);
      callOff = clock.at(Math.min(endsAt, from.queue.nextVisibleAt(clock.now())), look);
    };
    // in SQS too only an answer takes messages away
    const hangUp = () => end([]);
    const end = (taken: Received[]) => {
      callOff();
      stopListening();
      gone.removeEventListener('abort', hangUp);
      resolve(taken);
    };
    const stopListening = from.onChange(look);
    gone.addEventListener('abort', hangUp);
    if (gone.aborted) hangUp();
    else look();
  });
