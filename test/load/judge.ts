// What is wrong with a run: the crash harness's oracles, and those of the answers.
import type { Evidence } from '#test/crash/evidence.ts';
import { oracles } from '#test/crash/oracles.ts';
import type { End } from './ends.ts';
import type { Latency } from './latency.ts';
import type { Size } from './size.ts';

export type Check = { name: string; problems: string[] };

type Judged = { evidence: Evidence; ends: readonly End[]; latency: Latency; asked: number; size: Size };

/** At 50 requests a second: a sender that waits for one second loses one answer in a thousand at most. */
export const promisedMs = 1_000;

export const judge = ({ evidence, ends, latency, asked, size }: Judged): Check[] => {
  const look = (name: Exclude<keyof typeof oracles, 'I4 no secret'>): Check => ({
    name,
    problems: oracles[name](evidence),
  });
  const count = evidence.tasks.length;
  return [
    {
      name: 'one end for each',
      problems: ends.filter(({ kind }) => kind === 'WRONG').map(({ text }) => text),
    },
    {
      name: 'one task for each',
      problems: count === asked ? [] : [`${asked} were asked for, ${count} are there`],
    },
    look('I1 nothing lost'),
    look('I2 nothing twice'),
    look('I3 order'),
    look('I5 clean exit'),
    look('I8 money'),
    look('I9 nothing stuck'),
    look('as expected'),
    ...(size.isPromiseKept ? [{ name: 'I6 answers', problems: slow(latency) }] : []),
  ];
};

const slow = ({ p999 }: Latency) =>
  p999 < promisedMs ? [] : [`p99.9 is ${Math.round(p999)} ms, promised are ${promisedMs}`];
