// `npm run test:crash`: the worker is struck down everywhere; exit code 0 when nothing was lost and nothing done twice.
import { join } from 'node:path';
import type { StateFolder } from '#local/state-folder.ts';
import { openStateFolder } from '#local/state-folder.ts';
import { allCases } from './cases/all.ts';
import { chosenBy, parseCrashOptions, usage } from './options.ts';
import type { CrashOptions } from './options.ts';
import { runCases } from './run-cases.ts';
import { toProgress, toSummary, toTable } from './table.ts';

const root = join(import.meta.dirname, '../..');
/** For --list, which starts no house to count them in. */
const callsOfToday = 48;

const say = (text: string) => process.stdout.write(`${text}\n`);

const list = (options: CrashOptions) => {
  for (const { id, title, isQuick } of chosenBy({ ...options, full: true })(allCases(callsOfToday)))
    say(
      options.json
        ? JSON.stringify({ id, title, isQuick })
        : `${id.padEnd(16)}${isQuick ? 'quick  ' : '       '}${title}`,
    );
  return 0;
};

/** Remembers the processes of this run, so that the next one ends what a killed one left; several may run beside each other. */
const takeFolder = async (nth = 1): Promise<StateFolder> => {
  const opened = await openStateFolder(join(root, `.local/crash-${nth}`));
  return opened.kind === 'in_use' ? await takeFolder(nth + 1) : opened.folder;
};

const run = async (options: CrashOptions): Promise<number> => {
  const folder = await takeFolder();
  const interrupted = new AbortController();
  process.on('SIGINT', () => interrupted.abort());
  process.on('SIGTERM', () => interrupted.abort());
  let [done, all] = [0, 0];
  try {
    const verdicts = await runCases({
      choose: chosenBy(options),
      onStart: (count) => {
        all = count;
      },
      onVerdict: (verdict, logs) => {
        done += 1;
        say(options.json ? JSON.stringify(verdict) : toProgress(verdict, `[${done}/${all}]`));
        if (verdict.status === 'failed') process.stderr.write(`${logs.slice(-15).join('\n')}\n`);
      },
      onProcess: folder.remember,
      signal: interrupted.signal,
    });
    if (!options.json) say(`\n${toTable(verdicts)}\n`);
    say(options.json ? JSON.stringify({ summary: toSummary(verdicts) }) : toSummary(verdicts));
    const isWhole = verdicts.length === all && all > 0;
    if (!isWhole) process.stderr.write(all === 0 ? 'no case has that name\n' : 'not all cases were run\n');
    const isShort =
      options.full && verdicts.some(({ id, status }) => status === 'not here' && id.startsWith('W'));
    return isWhole && !isShort && verdicts.every(({ status }) => status !== 'failed') ? 0 : 1;
  } finally {
    folder.release();
  }
};

const options = parseCrashOptions(process.argv.slice(2));
if ('problem' in options) {
  process.stderr.write(`${options.problem} (npm run test:crash -- --help lists the options)\n`);
  process.exitCode = 2;
} else if (options.help) say(usage);
else process.exitCode = options.list ? list(options) : await run(options);
