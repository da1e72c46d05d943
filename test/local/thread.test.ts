// A thread on which more than one thing is asked, in the whole house with the real CLI.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '#local/journal.ts';
import type { LocalHouse } from '#test/support/local-house.ts';
import { startLocalHouse } from '#test/support/local-house.ts';

let local: LocalHouse;
beforeAll(async () => {
  local = await startLocalHouse();
});
afterAll(() => local.close());

const write = (body: string, number: number) => {
  const { github, demo } = local.house;
  github.comment({ repository: demo.repository, number, login: demo.writer, body });
};
const ours = (number: number) => local.ourComments(number).map(({ body }) => body);
/** Resolves with the first call from now on that matches. */
const next = (matches: (entry: Entry) => boolean) => {
  const { journal } = local;
  const from = journal.entries().length;
  return journal.waitFor((entry) => journal.entries().indexOf(entry) >= from && matches(entry), 60_000);
};
const commentSays =
  (words: string) =>
  ({ call, detail }: Entry) =>
    /^(?:POST|PATCH) .*comments/.test(call) && JSON.stringify(detail).includes(words);

/** As the operator's commands call it. */
const ledger = async (verb: string, input: object) => {
  const end = await local.house.functions.invoke('ledger', { verb, input });
  if (end.kind !== 'answered') throw new Error(JSON.stringify(end));
};

describe('a thread', () => {
  it('lets a person stop what runs, and says so', { timeout: 120_000 }, async () => {
    const { number } = local.house.github.openIssue({
      repository: local.house.demo.repository,
      login: local.house.demo.writer,
      title: 'One to stop',
    });
    local.faults.inject({ call: /messages/, fault: { kind: 'delay', ms: 5_000 }, times: 50 });
    const working = next(({ twin }) => twin === 'model');
    write('@agent fix the failing test', number);
    await working; // and the next answer takes another five seconds
    const [told, ended] = [next(commentSays('Stopped by demo')), next(({ call }) => call === 'task STOPPED')];
    write('@agent stop', number);
    await told;
    expect((await ended).status).toBe(0);
    expect(ours(number)).toEqual([
      expect.stringMatching(/^⏹️ Stopped by demo\./),
      expect.stringContaining('Stopping the one task of this thread.'),
    ]);
    local.faults.clear();
  });

  it('says so when there is nothing to stop', { timeout: 60_000 }, async () => {
    const told = next(commentSays('nothing to stop'));
    write('@agent stop', local.house.demo.issues.greeting);
    await told;
    expect(ours(local.house.demo.issues.greeting)).toHaveLength(1);
  });

  it('takes a second request after the first, and tells its place', { timeout: 180_000 }, async () => {
    const number = local.house.demo.issues.total;
    const working = next(commentSays('[x] read the repository'));
    write('@agent fix the failing test', number);
    await working;
    const placed = next(commentSays('yours comes next'));
    const published = [commentSays('Fixed `total.js`'), commentSays('Fixed `greeting.js`')].map(next);
    write('@agent fix the failing greeting test', number);
    await placed;
    await Promise.all(published);
    // the session goes on: the second run's first question holds what the first one found out
    const asked = local.journal.entries().filter(({ twin }) => twin === 'model');
    const first = asked.find(({ detail }) => String(detail['body']).includes('greeting test'));
    expect(String(first?.detail['body'])).toContain('Fixed `total.js`');
    expect(ours(number)).toEqual([
      expect.stringMatching(/^✅ Pull request: [^]*total\.js/),
      expect.stringMatching(/^✅ Pull request: [^]*greeting\.js/),
    ]);
  });

  it(
    'is saved and waits while an operator freezes everything, and goes on when it is thawed',
    {
      timeout: 180_000,
    },
    async () => {
      const { number } = local.house.github.openIssue({
        repository: local.house.demo.repository,
        login: local.house.demo.writer,
        title: 'One to freeze',
      });
      local.faults.inject({ call: /messages/, fault: { kind: 'delay', ms: 5_000 }, times: 50 });
      const working = next(({ twin }) => twin === 'model');
      write('@agent fix the failing test', number);
      await working; // one answer is paid for, the next takes another five seconds
      const stopped = next(({ call }) => call === 'task STOPPED');
      await ledger('freezes.add', { scope: 'all', reason: 'a test', by: 'demo' });
      expect((await stopped).status).toBe(75);
      expect(local.house.github.liveTokens()).toEqual([]);
      expect(ours(number)).toEqual([expect.stringContaining('Working on it')]);

      local.faults.clear();
      const published = next(commentSays('Pull request: '));
      await ledger('freezes.thaw', { scope: 'all' });
      await local.house.functions.invoke('reconcile', {});
      await published;
      const questions = local.journal
        .entries()
        .filter(({ twin, detail }) => twin === 'model' && String(detail['body']).includes('interrupted'));
      expect(questions.length).toBeGreaterThan(0); // it went on from its session, and was told so
    },
  );
});
