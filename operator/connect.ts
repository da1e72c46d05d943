// Where the ledger is: a stack's function, or that of a house on this machine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lambdaClient } from '#core/aws/clients.ts';
import { createFunctions } from '#core/aws/lambda.ts';
import type { Ledger } from '#core/ledger.ts';
import { createLedger } from '#core/ledger.ts';
import type { Functions } from '#core/ports/functions.ts';
import { Problem } from './answer.ts';
import { houseFileName, houseFileSchema } from './house-file.ts';
import { toProblem } from './problems.ts';

export type Where = {
  /** The ledger's name, for a stack. */
  ledger?: string | undefined;
  reconcile?: string | undefined;
  /** The state folder of a house on this machine. */
  stateDir: string;
};

export type Connection = {
  ledger: Ledger;
  /** Asks for a worker now; false when that has to wait for the next minute. */
  poke: () => Promise<boolean>;
};

export const connect = async (where: Where): Promise<Connection> =>
  where.ledger === undefined ? connectToHouse(where.stateDir) : await connectToStack(where.ledger, where);

const connectToStack = async (ledger: string, { reconcile }: Where): Promise<Connection> => {
  const client = lambdaClient();
  try {
    await client.config.region();
  } catch (error) {
    throw new Problem('No AWS region: set AWS_REGION, or AWS_PROFILE to a profile that has one.', {
      cause: error,
    });
  }
  return connection(createFunctions(client), { ledger, reconcile, away: `${ledger} does not answer.` });
};

const connectToHouse = (stateDir: string): Connection => {
  const { functions: place } = houseFileSchema.parse(JSON.parse(readHouseFile(stateDir)));
  if (!place) throw new Problem(`The house in ${stateDir} is still starting: try again in a moment.`);
  const { ledger, reconcile, ...at } = place;
  const away = `The house in ${stateDir} does not answer: it was ended. Start it with "npm start".`;
  return connection(createFunctions(lambdaClient(at)), { ledger, reconcile, away });
};

const readHouseFile = (stateDir: string): string => {
  try {
    return readFileSync(join(stateDir, houseFileName), 'utf8');
  } catch (error) {
    throw new Problem(
      `No house runs in ${stateDir}: start one with "npm start", or name the ledger of a stack with --function.`,
      { cause: error },
    );
  }
};

type Names = { ledger: string; reconcile: string | undefined; away: string };

const connection = (functions: Functions, { ledger, reconcile, away }: Names): Connection => ({
  ledger: createLedger(
    {
      ...functions,
      call: async (name, payload) => {
        try {
          return await functions.call(name, payload);
        } catch (error) {
          throw toProblem(error, { name, away });
        }
      },
    },
    ledger,
  ),
  poke: async () => {
    if (reconcile === undefined) return false;
    return await functions.poke(reconcile, { reason: 'operator' }).then(
      () => true,
      () => false, // it looks every minute by itself
    );
  },
});
