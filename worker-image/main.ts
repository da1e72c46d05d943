// One worker: one job, then exit.
import { createLog } from '#core/aws/log.ts';
import { ownSecrets } from '#core/own-secrets.ts';
import { createRedactor } from '#core/redact.ts';
import { runWorker } from './run-worker.ts';

const redactor = createRedactor({ values: ownSecrets(process.env) });
process.exitCode = await runWorker({ env: process.env, log: createLog('worker', redactor), redactor });
// sockets that the SDK keeps for later calls would hold the process for seconds
process.exit();
