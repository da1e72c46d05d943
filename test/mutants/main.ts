// `npm run test:mutants`: each defence is weakened in turn; exit code 0 when a scenario notices every one.
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { allMutants } from './all.ts';
import type { Mutant } from './mutant.ts';
import type { Fate } from './run-mutant.ts';
import { createMutantFolder, runMutant } from './run-mutant.ts';

const usage = `Weakens each defence in turn and looks that a scenario of test:hostile notices.

  npm run test:mutants                     all of them: some minutes

  --only NAME[,NAME]   some of them
  --list               the mutants and their scenarios; runs none
  --json               one JSON object per line
  --help               this text

As root on Linux, with a C compiler.`;

const say = (text: string) => process.stdout.write(`${text}\n`);

const words = (fate: Fate): string => {
  switch (fate.kind) {
    case 'caught':
      return `caught by ${fate.by.join(', ')}`;
    case 'survived':
      return 'SURVIVED';
    case 'broken':
      return `BROKEN: ${fate.detail.split('\n').at(-1) ?? ''}`;
  }
};

const run = async (chosen: readonly Mutant[], isJson: boolean): Promise<number> => {
  const interrupted = new AbortController();
  process.on('SIGINT', () => interrupted.abort());
  process.on('SIGTERM', () => interrupted.abort());
  const { PATH = '', HOME = '/' } = process.env;
  const folder = await createMutantFolder();
  const fates: Fate[] = [];
  try {
    for (const mutant of chosen) {
      if (interrupted.signal.aborted) break;
      const fate = await runMutant(folder, mutant, { env: { PATH, HOME }, signal: interrupted.signal });
      fates.push(fate);
      const place = `[${fates.length}/${chosen.length}]`.padStart(8);
      const { id, says } = mutant;
      say(isJson ? JSON.stringify({ id, says, ...fate }) : `${place}  ${id.padEnd(17)} ${words(fate)}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const caught = fates.filter(({ kind }) => kind === 'caught').length;
  say(isJson ? JSON.stringify({ caught, of: chosen.length }) : `\n${caught} of ${chosen.length} were caught`);
  return caught === chosen.length && chosen.length > 0 ? 0 : 1;
};

const options = {
  only: { type: 'string' },
  list: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const main = async (): Promise<number> => {
  const { values } = parseArgs({ options });
  const names = values.only?.split(',');
  const chosen = allMutants.filter(({ id }) => names === undefined || names.includes(id));
  if (values.help) say(usage);
  else if (values.list)
    for (const { id, says, scenarios } of chosen) say(`${id.padEnd(18)}${says} (${scenarios.join(', ')})`);
  else return await run(chosen, values.json);
  return 0;
};

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof TypeError && 'code' in error;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
