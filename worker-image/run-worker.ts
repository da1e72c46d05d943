// One worker's life as a process: its environment, its parts, its end.
import { chmod, mkdir } from 'node:fs/promises';
import { describeError } from '#core/describe-error.ts';
import type { Log } from '#core/ports/log.ts';
import type { Redactor } from '#core/redact.ts';
import { openDatabase } from '#db/database.ts';
import { createWorkers } from '#db/workers.ts';
import type { Workers } from '#db/workers.ts';
import { checkClaude, ClaudeBinaryError } from '#worker/claude/binary.ts';
import { agentPath } from '#worker/claude/claude.ts';
import { StoppedError } from '#worker/lease/stopped.ts';
import { openAgents } from '#worker/sandbox/agents.ts';
import type { Tap, WorkerInput } from './build-worker.ts';
import { buildWorker } from './build-worker.ts';
import type { WorkerConfig } from './env.ts';
import { workerEnvSchema } from './env.ts';
import type { WorkEnd } from './work.ts';

/** 75 and 78 are EX_TEMPFAIL and EX_CONFIG of sysexits.h. */
const exitCodes: { [E in End]: number } = {
  done: 0,
  waiting: 0,
  idle: 0,
  drained: 0,
  failed: 1,
  given_back: 75,
  unreachable: 75,
  configuration: 78,
};
type End = WorkEnd | 'configuration';

/** ECS sends SIGKILL 120 s after SIGTERM at the latest (stopTimeout). */
const drainDeadlineMs = 110_000;

type Life = {
  /** The process's own; checked here. */
  env: Record<string, string | undefined>;
  log: Log;
  /** Learns every secret of the worker; what leaves goes through it. */
  redactor: Redactor;
  tap?: Tap;
  heartbeatEvery?: WorkerInput['heartbeatEvery'];
};

/** One job, then the exit code: 0 done or idle, 75 try again later, 78 something has to be set right first. */
export const runWorker = async ({ env, log, redactor, tap, heartbeatEvery }: Life): Promise<number> => {
  const parsed = workerEnvSchema.safeParse(env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    log.error(`the worker's environment is not right: ${problems.join('; ')}`);
    return exitCodes.configuration;
  }
  const config = parsed.data;
  const { db, close } = openDatabase(config, { log });
  const workers = createWorkers(db);
  try {
    const drain = drainOnSignal();
    const forTests = { ...(tap && { tap }), ...(heartbeatEvery && { heartbeatEvery }) };
    const end = await run({ config, db, log, redactor, drain, env, ...forTests });
    log.info('worker ended', { end });
    await markEnded({ workers, config, log }, end);
    return exitCodes[end];
  } catch (error) {
    log.error('worker ended by a surprise', describeError(error));
    await markEnded({ workers, config, log }, 'failed');
    return exitCodes.failed;
  } finally {
    await close();
  }
};

type Parts = Pick<WorkerInput, 'config' | 'db' | 'log' | 'redactor' | 'tap' | 'heartbeatEvery'> & {
  drain: AbortSignal;
  env: Life['env'];
};

const run = async ({ config, log, drain, env, ...rest }: Parts): Promise<End> => {
  log.info('worker started', { workerId: config.WORKER_ID, lanes: config.LANE_ORDER });
  try {
    await checkClaude(config.CLAUDE_BINARY);
  } catch (error) {
    if (!(error instanceof ClaudeBinaryError)) throw error;
    log.error(error.message, { code: error.code });
    return 'configuration';
  }
  await mkdir(config.STATE_DIR, { recursive: true });
  await chmod(config.STATE_DIR, 0o711); // the agent passes through to its socket and lists nothing
  const agents = await openAgents({ config, isRoot: process.getuid?.() === 0, log });
  if (agents.kind === 'refused') {
    log.error(`the agent cannot be kept in on this machine: ${agents.because}`);
    return 'configuration';
  }
  const { leaseUser } = agents;
  const path = agentPath(process.execPath, env['PATH']);
  const pathStyle = env['AWS_ENDPOINT_URL_S3'] !== undefined;
  return await buildWorker({ config, leaseUser, path, pathStyle, log, ...rest })(drain);
};

type Ending = { workers: Workers; config: WorkerConfig; log: Log };

/** The row only helps whoever looks; without it the worker counts as gone when its beats end. */
const markEnded = async ({ workers, config, log }: Ending, reason: End): Promise<void> => {
  try {
    await workers.ended({ workerId: config.WORKER_ID, reason });
  } catch (error) {
    log.warn('the end was not recorded', describeError(error));
  }
};

const drainOnSignal = (): AbortSignal => {
  const drain = new AbortController();
  const onSignal = () => {
    if (drain.signal.aborted) return;
    drain.abort(new StoppedError('draining'));
    setTimeout(() => process.exit(exitCodes.given_back), drainDeadlineMs).unref();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return drain.signal;
};
