// `npm run test:hostile`: the model obeys the attacker; exit code 0 when no secret got out and no write in.
import { join } from 'node:path';
import type { StateFolder } from '#local/state-folder.ts';
import { openStateFolder } from '#local/state-folder.ts';
import type { DockerEnvironment } from './containers.ts';
import { startHostileHouse } from './hostile-house.ts';
import type { HostileOptions } from './options.ts';
import { chosenBy, parseHostileOptions, usage } from './options.ts';
import type { Verdict } from './run-scenario.ts';
import { runScenario } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';
import { allScenarios } from './scenarios/all.ts';
import { runWithoutNamespaces } from './without-namespaces.ts';
import { toProgress, toSummary, toTable } from './table.ts';

const root = join(import.meta.dirname, '../..');

const say = (text: string) => process.stdout.write(`${text}\n`);

const list = ({ json }: HostileOptions, chosen: readonly Scenario[]) => {
  for (const { id, says, rows, isQuick = false } of chosen)
    say(
      json
        ? JSON.stringify({ id, says, rows, isQuick })
        : `${id.padEnd(23)}${isQuick ? 'quick  ' : '       '}${says}`,
    );
  return 0;
};

/** Remembers the processes of this run, so that the next one ends what a killed one left; several may run beside each other. */
const takeFolder = async (nth = 1): Promise<StateFolder> => {
  const opened = await openStateFolder(join(root, `.local/hostile-${nth}`));
  return opened.kind === 'in_use' ? await takeFolder(nth + 1) : opened.folder;
};

const run = async ({ json, image }: HostileOptions, chosen: readonly Scenario[]): Promise<number> => {
  if (chosen.length === 0) {
    process.stderr.write('no scenario has that name\n');
    return 1;
  }
  const verdicts = await playAll(chosen, {
    image,
    tell: (verdict, place) => say(json ? JSON.stringify(verdict) : toProgress(verdict, place)),
  });
  if (!json) say(`\n${toTable(verdicts)}\n`);
  say(json ? JSON.stringify({ summary: toSummary(verdicts) }) : toSummary(verdicts));
  const isWhole = verdicts.length === chosen.length;
  return isWhole && verdicts.every(({ violations }) => violations.length === 0) ? 0 : 1;
};

/** One after the other in one house, until all are done or somebody interrupts. */
type Playing = { image: string | undefined; tell: (verdict: Verdict, place: string) => void };

const playAll = async (chosen: readonly Scenario[], { image, tell }: Playing) => {
  const folder = await takeFolder();
  const interrupted = new AbortController();
  process.on('SIGINT', () => interrupted.abort());
  process.on('SIGTERM', () => interrupted.abort());
  const verdicts: Verdict[] = [];
  const house = await startHostileHouse({
    onProcess: folder.remember,
    ...(image !== undefined && { container: { image, docker: dockerEnvironment() } }),
  });
  try {
    for (const scenario of chosen) {
      if (interrupted.signal.aborted) break;
      const verdict = await runScenario(house, scenario);
      verdicts.push(verdict);
      tell(verdict, `[${verdicts.length}/${chosen.length}]`);
    }
  } finally {
    await house.close();
    folder.release();
  }
  return verdicts;
};

/** What the CLI of docker goes by. */
const dockerEnvironment = () => {
  const named = Object.entries(process.env).filter(([name]) =>
    /^(?:HOME|DOCKER_(?:HOST|API_VERSION|CONFIG))$/.test(name),
  );
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', ...Object.fromEntries(named) } as DockerEnvironment; // those that are set
};

const options = parseHostileOptions(process.argv.slice(2));
if ('problem' in options) {
  process.stderr.write(`${options.problem} (npm run test:hostile -- --help lists the options)\n`);
  process.exitCode = 2;
} else if (options.help) say(usage);
else if (options.withoutNamespaces) {
  const others = process.argv.slice(2).filter((one) => one !== '--no-namespaces');
  process.exitCode = await runWithoutNamespaces([process.execPath, import.meta.filename, ...others]);
} else {
  const chosen = chosenBy(options)(allScenarios);
  process.exitCode = options.list ? list(options, chosen) : await run(options, chosen);
}
