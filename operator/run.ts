// One command, from its words to its exit code.
import { resolve } from 'node:path';
import { styleText } from 'node:util';
import { CommanderError } from 'commander';
import type { Answer, ExitCode } from './answer.ts';
import { Problem } from './answer.ts';
import { connect } from './connect.ts';
import type { Globals } from './program.ts';
import { createProgram } from './program.ts';
import type { Paint } from './words.ts';

type Surroundings = {
  argv: readonly string[];
  user: string;
  /** Folders are meant from here, as the house means them. */
  root: string;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
};

export const run = async ({ argv, user, root, stdout, stderr }: Surroundings): Promise<ExitCode> => {
  let code: ExitCode = 0;
  let isJson = false;
  // colour is for a terminal that has it and a person who wants it (NO_COLOR)
  const paint: Paint = (format, text) => styleText(format, text, { stream: stdout });
  const tell = ({ data, text, ...answer }: Answer) => {
    code = answer.code;
    if (isJson) stdout.write(`${JSON.stringify(data, undefined, 2)}\n`);
    else (code === 0 ? stdout : stderr).write(`${text}\n`);
  };
  const program = createProgram({
    user,
    carryOut: async (globals, command) => {
      isJson = globals.json === true;
      tell(await command(await connect(toWhere(globals, root)), paint));
    },
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // it has said why
    if (!(error instanceof Problem)) throw error;
    stderr.write(isJson ? `${JSON.stringify({ problem: error.message })}\n` : `${error.message}\n`);
    return error.code;
  }
};

const toWhere = ({ function: ledger, reconcile, state }: Globals, root: string) => ({
  stateDir: resolve(root, state ?? '.local'),
  ledger: state === undefined ? ledger || undefined : undefined, // a folder that is named is meant, whatever the environment says
  reconcile: reconcile || undefined,
});
