// One worker: one job, then exit.
import { createLog } from '#core/aws/log.ts';
import { runWorker } from './run-worker.ts';

process.exitCode = await runWorker({ env: process.env, log: createLog('worker') });
// sockets that the SDK keeps for later calls would hold the process for seconds
process.exit();
