// Ports in memory.
import type { Ledger, LedgerInput, LedgerOutput, LedgerVerb } from '#core/ledger.ts';
import { ledgerVerbs } from '#core/ledger.ts';
import type { Log } from '#core/ports/log.ts';
import type { QueueReceiver, QueueSender, SendInput } from '#core/ports/queue.ts';

export const aLog = () => {
  const lines: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  const at =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      lines.push({ level, message, fields });
    };
  const log: Log = { info: at('info'), warn: at('warn'), error: at('error') };
  return { log, lines, text: () => JSON.stringify(lines) };
};

/** `fail` is asked before each send; an error that it gives is thrown. */
export const aQueue = (fail: () => Error | undefined = () => undefined) => {
  const sent: SendInput[] = [];
  const queue: QueueSender = {
    send: async (message) => {
      const error = fail();
      if (error) throw error;
      sent.push(message);
    },
  };
  return { queue, sent };
};

/** Remembers for how long each receipt was hidden. An error that `fail` gives for one is thrown. */
export const anInbox = (fail: (receipt: string) => Error | undefined = () => undefined) => {
  const hidden: [receipt: string, seconds: number][] = [];
  const inbox: Pick<QueueReceiver, 'extend'> = {
    extend: async (receipt, seconds) => {
      const error = fail(receipt);
      if (error) throw error;
      hidden.push([receipt, seconds]);
    },
  };
  return { inbox, hidden };
};

type Verbs = { [V in LedgerVerb]?: (input: LedgerInput<V>) => LedgerOutput<V> };

/** Answers with the given verbs, checks what it is given as the real one does, and remembers the calls. */
export const aLedger = (verbs: Verbs) => {
  const calls: { verb: LedgerVerb; input: unknown }[] = [];
  const ledger: Ledger = async (verb, input) => {
    calls.push({ verb, input: ledgerVerbs[verb].input.parse(input) });
    const answer = verbs[verb];
    if (!answer) throw new Error(`the test expects no ${verb}`);
    return answer(input);
  };
  return {
    ledger,
    calls,
    inputsOf: (verb: LedgerVerb) => calls.filter((call) => call.verb === verb).map((call) => call.input),
  };
};
