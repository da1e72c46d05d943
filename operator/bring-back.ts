import type { LedgerInput, LedgerOutput } from '#core/ledger.ts';
import type { Step } from '#core/task.ts';
import type { Answer } from './answer.ts';
import { toUnclear } from './answer.ts';
import type { Connection } from './connect.ts';

export const retryTask = async ({ ledger, poke }: Connection, ref: string): Promise<Answer> => {
  const data = await ledger('tasks.retry', { ref });
  switch (data.kind) {
    case 'requeued':
      return { code: 0, data, text: `${toQueued(data)} ${toBeginning(await poke())}` };
    case 'not_retried':
      return {
        code: 1,
        data,
        text: `Task ${data.id} is ${data.status}: only what ended without success can be tried again.`,
      };
    case 'not_found':
    case 'ambiguous':
      return toUnclear(data, 'task', ref);
  }
};

export const redrive = async (
  { ledger, poke }: Connection,
  input: LedgerInput<'redrive'>,
): Promise<Answer> => {
  const data = await ledger('redrive', input);
  switch (data.kind) {
    case 'requeued':
      return { code: 0, data, text: `${toQueued(data)} ${toBeginning(await poke())}` };
    case 'to_inbox':
      await poke();
      return { code: 0, data, text: `The request of dead letter ${data.id} goes back to the inbox.` };
    case 'already':
      return { code: 0, data, text: `Dead letter ${data.id} was brought back before.` };
    case 'not_found':
    case 'ambiguous':
      return toUnclear(data, 'task or dead letter', input.ref);
    default:
      return { code: 1, data, text: toRefusal(data) };
  }
};

type Refused = Extract<LedgerOutput<'redrive'>, { kind: 'not_dead' | 'newer_ended' | 'unreadable' }>;

const toRefusal = (data: Refused): string => {
  switch (data.kind) {
    case 'not_dead':
      return `Task ${data.id} is ${data.status}, not dead. After another end: agent-bot retry ${data.id}`;
    case 'newer_ended':
      return `The thread has gone on: task ${data.newer} came later and has ended. To bring ${data.id} back all the same: --force`;
    case 'unreadable':
      return `Dead letter ${data.id} is no message of ours: there is nothing to bring back.`;
  }
};

const toQueued = ({ id, step }: { id: string; step: Step }): string =>
  `Task ${id} is queued again, ${step === 'received' ? 'from its beginning' : `from step ${step}`}.`;

const toBeginning = (isPoked: boolean): string =>
  isPoked ? 'A worker is asked for now.' : 'A worker is asked for within a minute.';
