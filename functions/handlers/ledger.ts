import { describeError } from '#core/describe-error.ts';
import type { LedgerInput, LedgerOutput, LedgerVerb } from '#core/ledger.ts';
import { ledgerCallSchema, ledgerVerbs } from '#core/ledger.ts';
import type { Log } from '#core/ports/log.ts';
import type { Redactor } from '#core/redact.ts';
import type { Bells } from '#db/bells.ts';
import type { DeadLetters } from '#db/dead-letters.ts';
import type { Deliveries } from '#db/deliveries.ts';
import type { Freezes } from '#db/freezes.ts';
import type { Installations } from '#db/installations.ts';
import type { Operations } from '#db/operations.ts';
import type { Tasks } from '#db/tasks.ts';
import type { Workers } from '#db/workers.ts';

type Deps = {
  tasks: Tasks;
  installations: Installations;
  deliveries: Deliveries;
  bells: Bells;
  workers: Workers;
  deadLetters: DeadLetters;
  freezes: Freezes;
  operations: Operations;
  redactor: Redactor;
  log: Log;
};
type Answers = { [V in LedgerVerb]: (input: LedgerInput<V>) => Promise<LedgerOutput<V>> };

/**
 * Answers the verbs of core/ledger.ts: what comes in and what goes out is parsed, so neither side trusts the other. What
 * comes in may be kept for long, so it loses its secrets first.
 */
export const createLedgerHandler = ({ redactor, log, ...stores }: Deps) => {
  const answers = createAnswers(stores);

  const answer = async <V extends LedgerVerb>(verb: V, input: unknown): Promise<LedgerOutput<V>> => {
    const schemas = ledgerVerbs[verb];
    // the schemas under a verb describe this verb; the index type cannot say so
    const parsed = schemas.input.parse(redactor.value(input)) as LedgerInput<V>;
    return schemas.output.parse(await answers[verb](parsed)) as LedgerOutput<V>;
  };

  return async (event: unknown): Promise<unknown> => {
    const { verb, input } = ledgerCallSchema.parse(event);
    try {
      return await answer(verb, input);
    } catch (error) {
      log.error('verb failed', { verb, ...describeError(error) });
      throw error;
    }
  };
};

const createAnswers = ({
  tasks,
  installations,
  deliveries,
  bells,
  workers,
  deadLetters,
  freezes,
  operations,
}: Omit<Deps, 'redactor' | 'log'>): Answers => ({
  'installations.get': async (key) => (await installations.get(key)) ?? null,
  'installations.upsert': nothing(installations.upsert),
  'tasks.record': tasks.record,
  'tasks.greeted': nothing(tasks.greeted),
  'deliveries.refuse': nothing(deliveries.refuse),
  'bells.due': bells.due,
  'bells.rung': nothing(bells.rung),
  'workers.plan': workers.plan,
  'workers.launched': nothing(workers.launched),
  'workers.launch_failed': nothing(workers.launchFailed),
  'workers.living': workers.living,
  'workers.ask_stop': nothing(workers.askStop),
  'workers.spare': nothing(workers.spare),
  'workers.stopped': nothing(workers.stopped),
  'workers.ended': nothing(workers.ended),
  'workers.never_started': workers.neverStarted,
  'tasks.list': operations.list,
  'tasks.show': operations.show,
  'tasks.retry': operations.retry,
  redrive: operations.redrive,
  'house.status': operations.status,
  'dead_letters.record': deadLetters.record,
  'dead_letters.announced': nothing(deadLetters.announced),
  'dead_letters.list': deadLetters.list,
  'dead_letters.to_redrive': deadLetters.toRedrive,
  'dead_letters.redriven': nothing(deadLetters.redriven),
  'freezes.add': freezes.add,
  'freezes.thaw': freezes.thaw,
  'freezes.list': freezes.list,
});

/** JSON knows null, not undefined. */
const nothing =
  <T>(act: (input: T) => Promise<void>) =>
  async (input: T): Promise<null> => {
    await act(input);
    return null;
  };
