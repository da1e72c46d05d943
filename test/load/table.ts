// The report for a reader, 80 columns wide.
import { endKinds } from './ends.ts';
import type { Check } from './judge.ts';
import type { Report } from './run-load.ts';

export const toTable = (report: Report): string => {
  const { sent, size, checks } = report;
  return [
    ...countLines(report),
    '',
    `${sent.length} answers at ${size.perSecond} a second, from the moment each was to be sent`,
    latencyLine(report),
    '',
    ...checks.flatMap(checkLines),
  ].join('\n');
};

const mostProblems = 5;

const checkLines = ({ name, problems }: Check): string[] =>
  [
    `${name.padEnd(18)}${problems.length === 0 ? 'ok' : `FAILED, ${problems.length} times`}`,
    problems.slice(0, mostProblems).flatMap(wrapped),
  ].flat();

const countLines = ({ ends, tasks, kills, restarts, rounds, sendingSeconds, seconds }: Report) => {
  const groups = Map.groupBy(ends, ({ kind, text }) => `${kind}|${kind === 'WRONG' ? '' : text}`);
  const rows = [...groups].map(([key, { length }]) => ({ key, length }));
  const order = ({ key }: { key: string }) => endKinds.findIndex((kind) => key.startsWith(`${kind}|`));
  return [
    `${'each delivery ended as'.padEnd(50)}${'count'.padStart(8)}`,
    '-'.repeat(80),
    ...rows
      .sort((one, other) => order(one) - order(other) || other.length - one.length)
      .map(({ key, length }) => {
        const [kind = '', text = ''] = key.split('|');
        return `${kind.padEnd(14)}${text.padEnd(36)}${String(length).padStart(8)}`;
      }),
    '',
    `${tasks} tasks, ${kills} workers killed, Postgres cut down ${restarts} times`,
    `sent in ${Math.round(sendingSeconds)} s, all in ${Math.round(seconds)} s, ${rounds} rounds of waiting`,
  ];
};

const latencyLine = ({ latency }: Report): string =>
  Object.entries({ p50: latency.p50, p99: latency.p99, 'p99.9': latency.p999, max: latency.max })
    .map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`)
    .join('   ');

export const toSummary = ({ checks }: Report): string => {
  const failed = checks.filter(({ problems }) => problems.length > 0).length;
  return `${checks.length - failed} passed, ${failed} failed`;
};

export const toJson = (report: Report): string => {
  const { ends, latency, checks, kills, restarts, tasks, rounds, seconds } = report;
  const counts = Object.fromEntries(
    endKinds.map((wanted) => [wanted, ends.filter(({ kind }) => kind === wanted).length]),
  );
  return JSON.stringify({
    ends: counts,
    latency,
    checks,
    kills,
    restarts,
    tasks,
    rounds,
    seconds,
    summary: toSummary(report),
  });
};

const wrapped = (text: string): string[] => (text.match(/.{1,74}/g) ?? []).map((part) => `      ${part}`);
