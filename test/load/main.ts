// `npm run test:load`: many webhooks at once and disasters meanwhile; exit code 0 when nothing was lost and nothing done twice.
import { join } from 'node:path';
import { openStateFolder } from '#local/state-folder.ts';
import { parseLoadOptions, usage } from './options.ts';
import type { LoadOptions } from './options.ts';
import type { Progress } from './run-load.ts';
import { runLoad } from './run-load.ts';
import type { Size } from './size.ts';
import { sizes } from './size.ts';
import { toJson, toSummary, toTable } from './table.ts';

const root = join(import.meta.dirname, '../..');

const say = (text: string) => process.stdout.write(`${text}\n`);

/** At a terminal one line that changes, elsewhere a line now and then. */
const createProgress = (size: Size) => {
  const { isTTY } = process.stderr;
  let [lastAt, lastPhase] = [0, ''];
  return ({ phase, done }: Progress) => {
    const now = performance.now();
    if (phase === lastPhase && now - lastAt < (isTTY ? 100 : 10_000)) return;
    [lastAt, lastPhase] = [now, phase];
    const text = {
      starting: '',
      sending: `${done} of ${size.deliveries}`,
      working: `${done} tasks ended`,
      late: `${done} again`,
      looking: '',
    }[phase];
    process.stderr.write(isTTY ? `\r\x1b[K${phase} ${text}` : `${phase} ${text}\n`);
  };
};

const run = async ({ quick, json }: LoadOptions): Promise<number> => {
  const opened = await openStateFolder(join(root, '.local/load'));
  if (opened.kind === 'in_use') {
    process.stderr.write(`a load test runs here already (process ${opened.pid})\n`);
    return 1;
  }
  const interrupted = new AbortController();
  process.on('SIGINT', () => interrupted.abort());
  process.on('SIGTERM', () => interrupted.abort());
  const size = quick ? sizes.quick : sizes.full;
  try {
    const report = await runLoad(size, {
      onProgress: createProgress(size),
      onProcess: opened.folder.remember,
      signal: interrupted.signal,
    });
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    say(json ? toJson(report) : `${toTable(report)}\n\n${toSummary(report)}`);
    return report.checks.every(({ problems }) => problems.length === 0) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
    say('0 passed, 1 failed');
    return 1;
  } finally {
    opened.folder.release();
  }
};

const options = parseLoadOptions(process.argv.slice(2));
if ('problem' in options) {
  process.stderr.write(`${options.problem} (npm run test:load -- --help lists the options)\n`);
  process.exitCode = 2;
} else if (options.help) say(usage);
else process.exitCode = await run(options);
