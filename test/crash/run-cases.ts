// All cases in one house, one after the other; what a failed one left behind must not fail the next, so a new house follows it.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case } from './case.ts';
import { allCases } from './cases/all.ts';
import { countCalls } from './cases/calls.ts';
import type { CrashHouse } from './crash-house.ts';
import { startCrashHouse } from './crash-house.ts';
import { runCase } from './run-case.ts';
import type { Verdict } from './run-case.ts';

type Options = {
  choose: (cases: readonly Case[]) => readonly Case[];
  onStart: (count: number) => void;
  onVerdict: (verdict: Verdict, logs: readonly string[]) => void;
  onProcess: (pid: number) => void;
  signal: AbortSignal;
};

/** After so many failures the rest says nothing new. */
const mostFailures = 10;

export const runCases = async (options: Options): Promise<Verdict[]> => {
  const { choose, onStart, onVerdict, signal } = options;
  const verdicts: Verdict[] = [];
  let open = await openHouse(options);
  try {
    const chosen = choose(allCases(await countCalls(open.house)));
    onStart(chosen.length);
    for (const one of chosen) {
      if (signal.aborted || verdicts.filter(isFailed).length >= mostFailures) break;
      const from = open.house.logs.length;
      const verdict = await runCase(open.house, one);
      verdicts.push(verdict);
      onVerdict(verdict, open.house.logs.slice(from));
      if (!isFailed(verdict)) continue;
      await open.close();
      open = await openHouse(options);
    }
  } finally {
    await open.close();
  }
  return verdicts;
};

const isFailed = ({ status }: Verdict) => status === 'failed';

type Open = { house: CrashHouse; close: () => Promise<void> };

const openHouse = async ({ onProcess }: Options): Promise<Open> => {
  const stateDir = mkdtempSync(join(tmpdir(), 'crash-')); // short: a socket's path has about a hundred bytes
  chmodSync(stateDir, 0o755); // Postgres's and the agent's uid pass through
  const house = await startCrashHouse({ stateDir, onProcess });
  return {
    house,
    close: async () => {
      await house.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
};
