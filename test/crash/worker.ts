// What ECS starts in place of worker-image/main.ts: the same worker, on the harness's line.
import { createLog } from '#core/aws/log.ts';
import { ownSecrets } from '#core/own-secrets.ts';
import { createRedactor } from '#core/redact.ts';
import { runWorker } from '#worker/run-worker.ts';
import { callHarness } from './harness-line.ts';
import { createTap } from './tap.ts';

const { orders, stopAt } = await callHarness(process.env['CRASH_HARNESS'] ?? '');
const { isWatched, beatMs } = orders;
const redactor = createRedactor({ values: ownSecrets(process.env) });
process.exitCode = await runWorker({
  env: process.env,
  log: createLog('worker', redactor),
  redactor,
  ...(isWatched && { tap: createTap({ stopAt }) }),
  ...(beatMs !== null && { heartbeatEvery: { leaseMs: beatMs, visibilityMs: beatMs } }),
});
process.exit();
