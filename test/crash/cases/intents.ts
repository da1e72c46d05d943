// IN1-IN7: a request on a pull request that comes to a review and a label, struck down around each of their writes.
import type { Fate } from '#test/crash/blows.ts';
import type { Case } from '#test/crash/case.ts';
import type { Where } from '#test/crash/strike.ts';
import { strikeDown } from '#test/crash/strike.ts';
import { aPullToReview, answerWith } from '#test/support/intents.ts';

const seen = (call: RegExp): Where => ({ seen: (entry) => entry.twin === 'github' && call.test(entry.call) });

const points: readonly { id: string; title: string; where: Where; isQuick?: boolean }[] = [
  { id: 'IN1', title: 'before the review', where: { at: 'before github.review' } },
  {
    id: 'IN2',
    title: 'after the pending review was created',
    where: seen(/^POST \S+\/reviews$/),
    isQuick: true,
  },
  {
    id: 'IN3',
    title: 'after the review was submitted',
    where: seen(/^POST \S+\/reviews\/\d+\/events$/),
    isQuick: true,
  },
  { id: 'IN4', title: 'after the review, before the labels', where: { at: 'before github.addLabels' } },
  { id: 'IN5', title: 'after the label was put', where: seen(/^POST \S+\/issues\/\d+\/labels$/) },
  { id: 'IN6', title: 'before both are recorded', where: { at: 'after steps.carryOut' }, isQuick: true },
  { id: 'IN7', title: 'after both were recorded', where: { at: 'before steps.report' } },
];

const answer = answerWith('I looked.', {
  review: { comments: [{ path: 'long.txt', line: 10, body: 'Why?' }] },
  labels: ['bug'],
});
/** As the stand-in CLI puts it between quotes. */
const text = `say: ${JSON.stringify(answer).slice(1, -1)}`;

const toCase = ({ id, title, where, isQuick = false }: (typeof points)[number]) =>
  (['KILL', 'TERM'] as const satisfies readonly Fate[]).map((fate): Case => ({
    id: `${id} ${fate}`,
    group: 'REVIEW',
    title,
    isQuick: isQuick && fate === 'KILL',
    run: async (trial) => {
      const { github: twin, demo, stateDir: folder } = trial.house;
      const pull = await aPullToReview({ twin, demo, folder }, { policy: 'labels: [bug]' });
      trial.threads.push(pull.number);
      const stop = strikeDown(trial, { where, fate });
      await trial.ask({ number: pull.number, command: 'review', text });
      await trial.untilDone();
      stop();
      trial.mustHaveStruck();
      const { issue } = pull;
      const states = pull.pull.reviews.map(({ state }) => state);
      if (states.join() !== 'COMMENTED' || issue.labels.map(({ name }) => name).join() !== 'bug')
        throw new Error(`its reviews are [${states.join()}], its labels are ${issue.labels.length}`);
      return { tasks: ['succeeded'] };
    },
  }));

export const intentCases: readonly Case[] = points.flatMap(toCase);
