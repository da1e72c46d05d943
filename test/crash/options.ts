// What `npm run test:crash -- …` understands.
import { parseArgs } from 'node:util';
import type { Case } from './case.ts';

export type CrashOptions = {
  full: boolean;
  list: boolean;
  json: boolean;
  help: boolean;
  only: string | undefined;
};

export const usage = `Kills the worker everywhere, and looks that nothing is lost and nothing done
twice.

  npm run test:crash                 the quick matrix: a few minutes
  npm run test:crash -- --full       every case: about half an hour

  --only NAME        cases whose name or group is NAME: K7, "K7 KILL", DUP, C, R
  --list             the cases, and which of them are quick; runs none
  --json             one JSON object per line instead of the table
  --help             this text

C: before and after every port call of a request. R: in a run of the real CLI;
all other cases have a stand-in of a few milliseconds. W: at a write of the
worker's own thread, by strace (Debian: apt-get install strace; as root).`;

export const parseCrashOptions = (argv: readonly string[]): CrashOptions | { problem: string } => {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        full: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        only: { type: 'string' },
      },
    });
    return { ...values, only: values.only };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
};

export const chosenBy =
  ({ full, only }: Pick<CrashOptions, 'full' | 'only'>) =>
  (cases: readonly Case[]): Case[] =>
    cases.filter(({ id, group, isQuick }) =>
      only === undefined ? full || isQuick : [id, group].includes(only) || id.startsWith(`${only} `),
    );
