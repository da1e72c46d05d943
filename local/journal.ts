// What a twin saw, in order: for the story on the terminal and for tests that ask what was written where.
import { EventEmitter } from 'node:events';

export type Entry = {
  at: number;
  /** The twin: github, git, sqs, secrets, ecs, model, ... */
  twin: string;
  /** METHOD /path, an AWS operation or a command. */
  call: string;
  status: number;
  /** Facts about the call; request bodies as they came, so that a test can grep them. */
  detail: Record<string, unknown>;
};

export type Journal = ReturnType<typeof createJournal>;

export const createJournal = () => {
  const entries: Entry[] = [];
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);

  const record = (entry: Omit<Entry, 'at'>) => {
    const whole = { at: Date.now(), ...entry };
    entries.push(whole);
    emitter.emit('entry', whole);
  };
  const listen = (listener: (entry: Entry) => void) => {
    emitter.on('entry', listener);
    return () => emitter.off('entry', listener);
  };
  /** The first entry, past or to come, that matches; rejects after timeoutMs. */
  const waitFor = (matches: (entry: Entry) => boolean, timeoutMs = 20_000) =>
    new Promise<Entry>((resolve, reject) => {
      const past = entries.find(matches);
      if (past) return resolve(past);
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`the journal saw no such call within ${timeoutMs} ms`));
      }, timeoutMs);
      const stop = listen((entry) => {
        if (!matches(entry)) return;
        clearTimeout(timer);
        stop();
        resolve(entry);
      });
    });

  return { record, listen, waitFor, entries: (): readonly Entry[] => entries };
};
