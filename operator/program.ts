// The commands, their options and their help.
import { Command, Option } from 'commander';
import type { FreezeScope } from '#core/freeze.ts';
import type { LedgerInput } from '#core/ledger.ts';
import type { Answer } from './answer.ts';
import { toLimit, toReference, toScope, toText, toThread } from './arguments.ts';
import { redrive, retryTask } from './bring-back.ts';
import type { Connection } from './connect.ts';
import { freeze, listFreezes, thaw } from './freezes.ts';
import { showTask } from './show.ts';
import { houseStatus } from './status.ts';
import { listLetters, listTasks } from './tasks.ts';
import type { Paint } from './words.ts';

export type Globals = { json?: true; function?: string; reconcile?: string; state?: string };

type Tools = {
  /** Connects as the options say, and tells what came of the command. */
  carryOut: (
    globals: Globals,
    command: (connection: Connection, paint: Paint) => Promise<Answer>,
  ) => Promise<void>;
  /** Who gives the commands, when nobody says otherwise. */
  user: string;
};

export const createProgram = ({ carryOut, user }: Tools): Command => {
  const program = new Command('agent-bot')
    .description('Looks at agent-bot and sets right what went wrong.')
    .usage('[options] <command>')
    .addOption(new Option('--json', 'one JSON document instead of text'))
    .addOption(
      new Option('--function <name>', "a stack's ledger function (its output LedgerFunction)").env(
        'AGENT_BOT_LEDGER',
      ),
    )
    .addOption(
      new Option('--reconcile <name>', "a stack's reconcile function, to be asked for a worker at once").env(
        'AGENT_BOT_RECONCILE',
      ),
    )
    .addOption(
      new Option('--state <folder>', 'the state folder of a house on this machine (default: .local)'),
    )
    .configureHelp({ showGlobalOptions: true, helpWidth: 80 })
    .showHelpAfterError('Add --help for what it takes.')
    .exitOverride()
    .addHelpText('after', afterwords);
  addLooks(program, carryOut);
  addDeeds(program, carryOut);
  addFreezes(program, carryOut, user);
  return program;
};

const afterwords = `
Without --function it talks to the house that "npm start" runs on this machine;
with it, to a stack, with the region and credentials of the AWS SDK
(AWS_PROFILE, AWS_REGION, ...). The one right it needs is lambda:InvokeFunction.

Exit codes: 0 done, 1 not done, 2 not understood, 3 no such thing.`;

type CarryOut = Tools['carryOut'];

const examples = (...lines: string[]) =>
  `\nExamples:\n${lines.map((line) => `  agent-bot ${line}`).join('\n')}`;
const limit = () => new Option('--limit <n>', 'how many at most').default(50).argParser(toLimit);

type TasksOptions = Globals & { all?: true; thread?: LedgerInput<'tasks.list'>['thread']; limit: number };

const addLooks = (program: Command, carryOut: CarryOut): void => {
  program
    .command('tasks')
    .description('list the tasks, the newest first')
    .addOption(new Option('--open', 'those that have not ended (default)').conflicts('all'))
    .addOption(new Option('--all', 'also those that have ended'))
    .addOption(
      new Option('--thread <thread>', 'of owner/name, owner/name#12 or an address').argParser(toThread),
    )
    .addOption(limit())
    .addHelpText(
      'after',
      examples('tasks', 'tasks --all --limit 10', 'tasks --thread octo-org/shop#12 --json'),
    )
    .action(async (_: unknown, command: Command) => {
      const { all, thread, limit, ...globals } = command.optsWithGlobals<TasksOptions>();
      const input = { which: all ? 'all' : 'open', limit, ...(thread && { thread }) } as const;
      await carryOut(globals, ({ ledger }, paint) => listTasks(ledger, input, paint));
    });
  program
    .command('show')
    .description('everything that is stored of a task')
    .argument('<task>', 'its id, or the beginning of it', toReference)
    .addHelpText('after', examples('show 0b0e7a52', 'show 0b0e7a52 --json'))
    .action(async (ref: string, _: unknown, command: Command) => {
      await carryOut(command.optsWithGlobals(), ({ ledger }, paint) => showTask(ledger, ref, paint));
    });
  program
    .command('letters')
    .description('list the messages that were put aside')
    .addOption(new Option('--all', 'also those that were brought back'))
    .addOption(limit())
    .addHelpText('after', examples('letters', 'letters --all --json'))
    .action(async (_: unknown, command: Command) => {
      const { all, limit, ...globals } = command.optsWithGlobals<TasksOptions>();
      const input = { which: all ? 'all' : 'kept', limit } as const;
      await carryOut(globals, ({ ledger }, paint) => listLetters(ledger, input, paint));
    });
  program
    .command('status')
    .description('how many tasks, workers, freezes and dead letters there are')
    .addHelpText('after', examples('status', 'status --json'))
    .action(async (_: unknown, command: Command) => {
      await carryOut(command.optsWithGlobals(), ({ ledger }, paint) => houseStatus(ledger, paint));
    });
};

const addDeeds = (program: Command, carryOut: CarryOut): void => {
  program
    .command('retry')
    .description('ask once more for a task that ended without success; a stored run is not paid again')
    .argument('<task>', 'its id, or the beginning of it', toReference)
    .addHelpText('after', examples('retry 0b0e7a52'))
    .action(async (ref: string, _: unknown, command: Command) => {
      await carryOut(command.optsWithGlobals(), (connection) => retryTask(connection, ref));
    });
  program
    .command('redrive')
    .description('bring back what was put aside: a dead task, or a request that never became one')
    .argument('<id>', 'of the task or the dead letter, or the beginning of it', toReference)
    .addOption(new Option('--force', 'although a later task of the thread has ended'))
    .addHelpText('after', examples('redrive 0b0e7a52', 'redrive 0b0e7a52 --force'))
    .action(async (ref: string, _: unknown, command: Command) => {
      const { force = false, ...globals } = command.optsWithGlobals<Globals & { force?: true }>();
      await carryOut(globals, (connection) => redrive(connection, { ref, force }));
    });
};

type FreezeOptions = Globals & { reason: string; by: string };

const addFreezes = (program: Command, carryOut: CarryOut, user: string): void => {
  const scope = ['<scope>', '"all", owner/name or the number of an installation', toScope] as const;
  program
    .command('freeze')
    .description('stop all work of a scope: nothing begins, what runs is saved and waits')
    .argument(...scope)
    .addOption(new Option('--reason <text>', 'why').makeOptionMandatory().argParser(toText))
    .addOption(new Option('--by <name>', 'who').default(user).argParser(toText))
    .addHelpText(
      'after',
      examples('freeze all --reason "incident 42"', 'freeze octo-org/shop --reason "code freeze"'),
    )
    .action(async (scope: FreezeScope, _: unknown, command: Command) => {
      const { reason, by, ...globals } = command.optsWithGlobals<FreezeOptions>();
      await carryOut(globals, ({ ledger }) => freeze(ledger, { scope, reason, by }));
    });
  program
    .command('thaw')
    .description('let the work of a frozen scope go on')
    .argument(...scope)
    .addHelpText('after', examples('thaw all', 'thaw octo-org/shop'))
    .action(async (scope: FreezeScope, _: unknown, command: Command) => {
      await carryOut(command.optsWithGlobals(), (connection) => thaw(connection, scope));
    });
  program
    .command('freezes')
    .description('list what is frozen')
    .addHelpText('after', examples('freezes', 'freezes --json'))
    .action(async (_: unknown, command: Command) => {
      await carryOut(command.optsWithGlobals(), ({ ledger }, paint) => listFreezes(ledger, paint));
    });
};
