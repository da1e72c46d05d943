// Starts the house, tells its story on the terminal, and ends everything it started.
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionsPlace } from '#operator/house-file.ts';
import { credentials, region } from './aws/names.ts';
import { createFaults } from './faults.ts';
import type { House } from './house.ts';
import { startHouse } from './house.ts';
import { createJournal } from './journal.ts';
import type { Options } from './options.ts';
import { play } from './play.ts';
import { postgresFromUrl } from './postgres-url.ts';
import { startPostgres } from './postgres.ts';
import { folderInReach } from './reach.ts';
import type { Reader } from './reader.ts';
import { createReader } from './reader.ts';
import type { StateFolder } from './state-folder.ts';
import { openStateFolder } from './state-folder.ts';

export type RunOptions = Options & { modelApiKey?: string; databaseUrl?: string };

const playTimeoutMs = 120_000;
const realPlayTimeoutMs = 30 * 60_000;
/** As a shell counts: 128 and the number of SIGINT. */
const interruptedCode = 130;

/** Gives the exit code: 0 when the request came to a pull request or an answer, 1 when anything fell short. */
export const runHouse = async (options: RunOptions): Promise<number> => {
  const opened = await openStateFolder(options.stateDir);
  const reader = createReader(process.stdout, options.json);
  if (opened.kind === 'in_use') {
    reader.problem(
      `agent-bot runs here already (process ${opened.pid}). Stop it with Ctrl-C, or give this one its own folder: --state FOLDER`,
    );
    return 1;
  }
  const { folder, cleaned } = opened;
  if (cleaned > 0) reader.note(`ended ${cleaned} process(es) that an earlier start had left`);
  const interrupted = onInterrupt();
  try {
    return await liveIn(folder, options, { reader, interrupted: interrupted.signal });
  } catch (error) {
    reader.problem(describe(error));
    return 1;
  } finally {
    interrupted.forget();
    reader.close();
    folder.release();
  }
};

type Stage = { reader: Reader; interrupted: AbortSignal };

const liveIn = async (
  folder: StateFolder,
  options: RunOptions,
  { reader, interrupted }: Stage,
): Promise<number> => {
  const journal = createJournal();
  const logs = openLog(folder.path);
  reader.begin(folder.path);
  const reachable = folderInReach(folder.path);
  if (reachable !== folder.path)
    reader.note(`other users cannot enter it: Postgres and the agent use ${reachable}`);
  const house = await startHouse({
    stateDir: folder.path,
    startPostgres: () => startDatabase(options, folder),
    ...(options.modelApiKey !== undefined && { modelApiKey: options.modelApiKey }),
    journal,
    faults: createFaults(),
    onStarted: reader.part,
    onProcess: folder.remember,
    onLog: logs.write,
  });
  folder.announce(placeOf(house));
  try {
    if (interrupted.aborted) return interruptedCode;
    const stopTelling = journal.listen(reader.entry);
    const request = {
      comment: options.comment,
      login: house.demo.writer,
      issue: /greeting/i.test(options.comment) ? house.demo.issues.greeting : house.demo.issues.total,
      timeoutMs: options.model === 'real' ? realPlayTimeoutMs : playTimeoutMs,
      signal: interrupted,
    };
    reader.request(request, house);
    const played = await play(house, journal, request);
    if (played === 'interrupted') return interruptedCode;
    if (options.once) stopTelling(); // nothing comes after the end of the story
    const isGood = await reader.end(played, house, logs.path);
    if (options.once) return isGood ? 0 : 1;
    reader.stay();
    if (!interrupted.aborted) await once(interrupted, 'abort');
    stopTelling();
    return 0;
  } finally {
    reader.waitFor('ending everything');
    await house.close();
    logs.close();
  }
};

/** For the operator's commands, which call the functions as they would call those of a stack. */
const placeOf = ({ functions }: House): FunctionsPlace => ({
  endpoint: functions.url,
  region,
  credentials,
  ledger: 'ledger',
  reconcile: 'reconcile',
});

const startDatabase = async ({ databaseUrl }: RunOptions, folder: StateFolder) => {
  if (databaseUrl !== undefined) return await postgresFromUrl(databaseUrl);
  const postgres = await startPostgres({ stateDir: folder.path });
  if (postgres.pid !== undefined) folder.remember(postgres.pid);
  return postgres;
};

/** Everything that the functions and the workers print. */
const openLog = (folder: string) => {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'house.log');
  const stream = createWriteStream(path, { flags: 'w' });
  return {
    path,
    write: (source: string, line: string) => void stream.write(`${source} | ${line}\n`),
    close: () => void stream.end(),
  };
};

const onInterrupt = () => {
  const controller = new AbortController();
  const hear = () => controller.abort();
  process.on('SIGINT', hear);
  process.on('SIGTERM', hear);
  return {
    signal: controller.signal,
    forget: () => {
      process.off('SIGINT', hear);
      process.off('SIGTERM', hear);
    },
  };
};

/** The error and what led to it, in one line. */
const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const parts = error instanceof AggregateError ? error.errors.map(describe) : [];
  if (error.cause !== undefined) parts.push(describe(error.cause));
  return [error.message, ...parts].join(': ');
};
