// What `npm run test:hostile -- …` understands.
import { parseArgs } from 'node:util';
import type { Scenario } from './scenario.ts';

export type HostileOptions = {
  quick: boolean;
  list: boolean;
  json: boolean;
  help: boolean;
  /** Workers are containers of it. */
  image: string | undefined;
  withoutNamespaces: boolean;
  only: string | undefined;
};

export const usage = `Lets the model obey the attacker, and looks that no secret got out and no write
in.

  npm run test:hostile               every scenario, with the real CLI
  npm run test:hostile -- --quick    the sample that npm test runs

  --only NAME        scenarios whose name or row is NAME: metadata, SBX-2,
                     "hole 2"
  --image NAME       workers are containers of this image (npm run image:test
                     builds agent-bot-worker:test), as on Fargate
  --no-namespaces    where no user namespace can be made, as on Fargate
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
        image: { type: 'string' },
        'no-namespaces': { type: 'boolean', default: false },
        only: { type: 'string' },
      },
    });
    const { only, image, 'no-namespaces': withoutNamespaces, ...rest } = values;
    return { ...rest, only, image, withoutNamespaces };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
};

export const chosenBy =
  ({ quick, only, image }: Pick<HostileOptions, 'quick' | 'only' | 'image'>) =>
  (scenarios: readonly Scenario[]): Scenario[] =>
    scenarios
      .filter(({ needsOwnLoopback }) => image === undefined || !needsOwnLoopback)
      .filter(({ id, rows, isQuick }) =>
        only === undefined
          ? !quick || isQuick
          : only.split(',').some((name) => id === name || rows.includes(name)),
      );
