// One worker: one job, then exit.
import { createLog } from '#core/aws/log.ts';
import { describeError } from '#core/describe-error.ts';
import { ownSecrets } from '#core/own-secrets.ts';
import { createRedactor } from '#core/redact.ts';
import { runWorker } from './run-worker.ts';

const redactor = createRedactor({ values: ownSecrets(process.env) });
const log = createLog('worker', redactor);
// Node itself would print what nobody caught, as it is
process.once('uncaughtException', (error) => {
  log.error('worker ended by a surprise', describeError(error));
  process.exit(1);
});
process.exitCode = await runWorker({ env: process.env, log, redactor });
// sockets that the SDK keeps for later calls would hold the process for seconds
process.exit();
