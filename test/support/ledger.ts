import type { Log } from '#core/ports/log.ts';
import { createRedactor } from '#core/redact.ts';
import { createBells } from '#db/bells.ts';
import type { Database } from '#db/database.ts';
import { createDeadLetters } from '#db/dead-letters.ts';
import { createDeliveries } from '#db/deliveries.ts';
import { createFreezes } from '#db/freezes.ts';
import { createInstallations } from '#db/installations.ts';
import { createOperations } from '#db/operations.ts';
import { createTasks } from '#db/tasks.ts';
import { createWorkers } from '#db/workers.ts';
import { createLedgerHandler } from '#functions/handlers/ledger.ts';

/** The ledger's handler, as its entry file makes it. */
export const aLedgerOn = (db: Database, log: Log, redactor = createRedactor()) =>
  createLedgerHandler({
    tasks: createTasks(db),
    installations: createInstallations(db),
    deliveries: createDeliveries(db),
    bells: createBells(db),
    workers: createWorkers(db),
    deadLetters: createDeadLetters(db),
    freezes: createFreezes(db),
    operations: createOperations(db),
    redactor,
    log,
  });
