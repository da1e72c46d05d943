// A sample with the real CLI: it works by tools, has a session that goes on, and is struck down in the middle of both.
import type { Case } from '#test/crash/case.ts';
import { aPullRequest, askAndWait } from '#test/crash/case.ts';
import type { Fate } from '#test/crash/blows.ts';
import type { Where } from '#test/crash/strike.ts';
import { strikeDown } from '#test/crash/strike.ts';
import type { Trial } from '#test/crash/trial.ts';
import type { Entry } from '#local/journal.ts';

/** The scripted model needs six answers for it: test, two files, the edit, the test again, the last words. */
const request = 'cli: real\nFix the failing test';

const isModelCall = ({ twin, call }: Entry) => twin === 'model' && call === 'POST /v1/messages';

/** The model was asked for its n-th answer, and has not given it yet. */
const atAnswer = (nth: number): Where => {
  let asked = 0;
  return { seen: (entry) => isModelCall(entry) && (asked += 1) === nth };
};

/** Those that came to an answer: a connection that was reset before costs nothing. */
const answersOf = ({ house, from }: Trial): Entry[] =>
  house.journal
    .entries()
    .slice(from.journal)
    .filter((entry) => isModelCall(entry) && entry.detail['said'] !== undefined);

type RealCase = {
  id: string;
  title: string;
  where: () => Where;
  fates: readonly Fate[];
  /** Answers of the model that may be asked for once more, because they were on their way when the blow fell. */
  askedAgain: number | 'all';
};

const cases: readonly RealCase[] = [
  {
    id: 'R1',
    title: 'before the model has answered once',
    where: () => atAnswer(1),
    fates: ['KILL'],
    askedAgain: 'all',
  },
  {
    id: 'R2',
    title: 'while the model says what to edit',
    where: () => atAnswer(4),
    fates: ['KILL', 'power'],
    askedAgain: 'all',
  },
  {
    id: 'R3',
    title: 'while the model says what to edit; the session and the files go on',
    where: () => atAnswer(4),
    fates: ['TERM'],
    askedAgain: 1,
  },
  {
    id: 'R4',
    title: 'while the model says its last words; the session goes on',
    where: () => atAnswer(6),
    fates: ['TERM'],
    askedAgain: 1,
  },
  {
    id: 'R5',
    title: 'while the run goes on: it is not begun again',
    where: () => atAnswer(3),
    fates: ['database', 'network'],
    askedAgain: 1,
  },
  {
    id: 'R6',
    title: "after run.json, before 'ran': nobody pays again",
    where: () => ({ at: 'before tasks.advance ran' }),
    fates: ['KILL', 'TERM+KILL'],
    askedAgain: 0,
  },
  {
    id: 'R7',
    title: 'after the push, before its record: nobody pays again',
    where: () => ({ at: 'after steps.push' }),
    fates: ['KILL'],
    askedAgain: 0,
  },
];

const toCase = ({ id, title, where, askedAgain }: RealCase, fate: Fate): Case => ({
  id: `${id} ${fate}`,
  group: 'R',
  title: `the real CLI: ${title}`,
  isQuick: fate === 'KILL' || fate === 'TERM',
  run: async (trial) => {
    const stop = strikeDown(trial, { where: where(), fate });
    const expected = await askAndWait(trial, request);
    stop();
    trial.mustHaveStruck();
    mustNotPayTwice(trial, askedAgain);
    mustHaveFixed(trial);
    return expected;
  },
});

const mustNotPayTwice = (trial: Trial, allowed: RealCase['askedAgain']) => {
  const answers = answersOf(trial).map(({ detail }) => detail['said']);
  const again = answers.length - new Set(answers).size;
  if (allowed !== 'all' && again > allowed)
    throw new Error(`the model was paid twice for ${again} answers, ${allowed} were on their way`);
};

/** What the pull request holds is the work of both halves of the run. */
const mustHaveFixed = ({ house }: Trial) => {
  const { issues } = house.github.repository(house.demo.repository);
  const body = [...issues.values()].findLast(({ pull }) => pull)?.body ?? '';
  if (!body.includes('passes now')) throw new Error(`the pull request says: ${body.slice(0, 200)}`);
};

/** Its second request goes on in the session of the first, which was killed with its worker. */
const followUp: Case = {
  id: 'R8',
  group: 'R',
  title: "the real CLI: a follow-up goes on in the session of a run that was killed after 'ran'",
  isQuick: true,
  run: async (trial) => {
    const stop = strikeDown(trial, { where: { at: 'after tasks.advance ran' }, fate: 'KILL' });
    await askAndWait(trial, request);
    stop();
    trial.mustHaveStruck();
    const before = answersOf(trial).length;
    await trial.ask({ number: trial.threads[0] ?? 0, text: request });
    await trial.untilDone();
    const first = answersOf(trial)[before];
    // its own words of the first request come with the second
    if (!String(first?.detail['body']).includes('passes now'))
      throw new Error('the second request began a session of its own');
    return { tasks: [...aPullRequest.tasks, 'succeeded'] };
  },
};

export const realCases: readonly Case[] = [
  ...cases.flatMap((one) => one.fates.map((fate) => toCase(one, fate))),
  followUp,
];
