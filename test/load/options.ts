// What `npm run test:load -- …` understands.
import { parseArgs } from 'node:util';

export type LoadOptions = { quick: boolean; json: boolean; help: boolean };

export const usage = `Sends 2,000 signed webhooks at 50 a second to a house whose workers are killed
and whose Postgres is cut down meanwhile, and looks that nothing is lost and
nothing done twice.

  npm run test:load              2,000 deliveries, 300 of them work: some
                                 minutes, 15 at the most
  npm run test:load -- --quick   200 deliveries, 30 of them work: a minute

  --json             one JSON object instead of the table
  --help             this text

That 99.9 % of the answers come within a second is a check of the full run only.`;

export const parseLoadOptions = (argv: readonly string[]): LoadOptions | { problem: string } => {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
};
