// What `npm run test:hostile -- …` understands.
import { parseArgs } from 'node:util';
import type { Scenario } from './scenario.ts';

export type HostileOptions = {
  quick: boolean;
  list: boolean;
  json: boolean;
  help: boolean;
  only: string | undefined;
};

export const usage = `Lets the model obey the attacker, and looks that no secret got out and no write in.

  npm run test:hostile               every scenario, with the real CLI
  npm run test:hostile -- --quick    the sample that npm test runs

  --only NAME        scenarios whose name or row is NAME: metadata, SBX-2, "hole 2"
  --list             the scenarios, and which of them are quick; runs none
  --json             one JSON object per line instead of the table
  --help             this text

As root on Linux: the agent gets a user and a guard of its own, and so it can be
seen what it cannot do.`;

export const parseHostileOptions = (argv: readonly string[]): HostileOptions | { problem: string } => {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        quick: { type: 'boolean', default: false },
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
  ({ quick, only }: Pick<HostileOptions, 'quick' | 'only'>) =>
  (scenarios: readonly Scenario[]): Scenario[] =>
    scenarios.filter(({ id, rows, isQuick }) =>
      only === undefined
        ? !quick || isQuick
        : only.split(',').some((name) => id === name || rows.includes(name)),
    );
