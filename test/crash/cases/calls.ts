// The sweep: before and after every port call of the happy path, whatever calls there are.
import type { CrashHouse } from '#test/crash/crash-house.ts';
import type { Case } from '#test/crash/case.ts';
import { askAndWait } from '#test/crash/case.ts';
import { whens } from '#test/crash/point.ts';
import { strikeDown } from '#test/crash/strike.ts';
import { createTrial } from '#test/crash/trial.ts';

/** How many calls one request takes, by running it. */
export const countCalls = async (house: CrashHouse): Promise<number> => {
  const trial = createTrial(house, 'the happy path');
  await askAndWait(trial);
  return Math.max(
    ...house.line
      .seen()
      .slice(trial.from.seen)
      .map(({ nth }) => nth),
  );
};

const quickEvery = 12;

export const callCases = (count: number): Case[] =>
  Array.from({ length: count }, (_, index) => index + 1).flatMap((nth) =>
    whens.map((when) => ({
      id: `C${nth} ${when}`,
      group: 'C',
      title: `SIGKILL ${when} the worker's call ${nth} of ${count}`,
      isQuick: when === 'after' && nth % quickEvery === 0,
      run: async (trial) => {
        strikeDown(trial, { where: { at: `${when} call ${nth}` }, fate: 'KILL' });
        const expected = await askAndWait(trial);
        trial.mustHaveStruck();
        return expected;
      },
    })),
  );
