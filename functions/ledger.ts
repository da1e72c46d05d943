import { createLog } from '#core/aws/log.ts';
import { ownSecrets } from '#core/own-secrets.ts';
import { createRedactor } from '#core/redact.ts';
import { createBells } from '#db/bells.ts';
import { openDatabase } from '#db/database.ts';
import { createDeadLetters } from '#db/dead-letters.ts';
import { createDeliveries } from '#db/deliveries.ts';
import { createFreezes } from '#db/freezes.ts';
import { createInstallations } from '#db/installations.ts';
import { createOperations } from '#db/operations.ts';
import { createTasks } from '#db/tasks.ts';
import { createWorkers } from '#db/workers.ts';
import { ledgerEnvSchema } from './env.ts';
import { createLedgerHandler } from './handlers/ledger.ts';

const redactor = createRedactor({ values: ownSecrets(process.env) });
const log = createLog('ledger', redactor);
// an environment of Lambda answers one call at a time
const { db } = openDatabase(ledgerEnvSchema.parse(process.env), { max: 1, log });

export const handler = createLedgerHandler({
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
