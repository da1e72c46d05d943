import { expect, it } from 'vitest';
import { runLoad } from './run-load.ts';
import { sizes } from './size.ts';

it('loses nothing and does nothing twice under load, a killed worker and a cut Postgres', async () => {
  const { checks, ends, kills, restarts } = await runLoad(sizes.smallest, {
    onProgress: () => {},
    signal: new AbortController().signal,
  });

  const problems = checks.flatMap((check) => check.problems.map((text) => `${check.name}: ${text}`));
  expect(problems).toEqual([]);
  expect({ kills, restarts }).toEqual({ kills: 1, restarts: 1 });
  expect(new Set(ends.map(({ kind }) => kind))).toEqual(
    new Set(['task ended', 'duplicate', 'refused', 'ignored', 'rejected']),
  );
}, 150_000); // the run ends itself before
