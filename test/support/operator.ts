// The operator's commands as processes, against functions of a house on this machine with a real Postgres behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { credentials, region } from '#local/aws/names.ts';
import { startFunctions } from '#local/aws/functions.ts';
import { createFaults } from '#local/faults.ts';
import { createJournal } from '#local/journal.ts';
import { openStateFolder } from '#local/state-folder.ts';
import type { TestDatabase } from './database.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export type Ended = { code: number | null; stdout: string; stderr: string };

/** With exactly this environment, and no terminal. */
export const runProcess = async (
  [command = '', ...args]: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> => {
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = [gather(child.stdout), gather(child.stderr)];
  const [code] = await once(child, 'close');
  return { code, stdout: stdout(), stderr: stderr() };
};

const gather = (stream: NodeJS.ReadableStream) => {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
};

export const operate = (args: readonly string[], env?: Record<string, string>) =>
  runProcess([process.execPath, 'operator/main.ts', ...args], env);

export const startOperatorHouse = async ({ config }: TestDatabase) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'operator-house-'));
  const journal = createJournal();
  const faults = createFaults();
  const entry = (name: string) => new URL(`../../functions/${name}.ts`, import.meta.url);
  const ledgerEnv = { ...config, DATABASE_PORT: String(config.DATABASE_PORT) } as Record<string, string>; // all of it is given
  const functions = await startFunctions({
    journal,
    faults,
    functions: {
      ledger: { entry: entry('ledger'), env: ledgerEnv, timeoutMs: 15_000 },
      reconcile: { entry: entry('health'), env: {}, timeoutMs: 5_000 }, // it only has to take a poke
    },
    onLog: () => {},
  });
  const opened = await openStateFolder(stateDir);
  if (opened.kind !== 'opened') throw new Error(opened.kind);
  opened.folder.announce({
    endpoint: functions.url,
    region,
    credentials,
    ledger: 'ledger',
    reconcile: 'reconcile',
  });
  return {
    stateDir,
    journal,
    faults,
    url: functions.url,
    run: (...args: string[]) => operate([...args, '--state', stateDir]),
    close: async () => {
      await functions.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
};
