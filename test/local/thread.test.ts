// A thread on which more than one thing is asked, in the whole house with the real CLI.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Faults } from '#local/faults.ts';
import { createFaults } from '#local/faults.ts';
import type { House } from '#local/house.ts';
import { startHouse } from '#local/house.ts';
import type { Entry, Journal } from '#local/journal.ts';
import { createJournal } from '#local/journal.ts';
import { startPostgres } from '#local/postgres.ts';

let stateDir: string;
let house: House;
let journal: Journal;
let faults: Faults;
const logs: string[] = [];
beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'agent-bot-house-'));
  chmodSync(stateDir, 0o755); // else the house needs a second folder that other uids can enter
  journal = createJournal();
  faults = createFaults();
  house = await startHouse({
    stateDir,
    startPostgres: () => startPostgres({ stateDir, durable: false }),
    journal,
    faults,
    onStarted: () => {},
    onProcess: () => {},
    onLog: (_, line) => logs.push(line),
  });
});
afterAll(async () => {
  await house.close();
  rmSync(stateDir, { recursive: true, force: true });
});

const write = (body: string, number: number) =>
  house.github.comment({ repository: house.demo.repository, number, login: house.demo.writer, body });
const ours = (number: number) =>
  house.github
    .repository(house.demo.repository)
    .issues.get(number)!
    .comments.filter(({ user }) => user.type === 'Bot')
    .map(({ body }) => body);
/** Resolves with the first call from now on that matches. */
const next = (matches: (entry: Entry) => boolean) => {
  const from = journal.entries().length;
  return journal.waitFor((entry) => journal.entries().indexOf(entry) >= from && matches(entry), 60_000);
};
const commentSays =
  (words: string) =>
  ({ call, detail }: Entry) =>
    /^(?:POST|PATCH) .*comments/.test(call) && JSON.stringify(detail).includes(words);

describe('a thread', () => {
  it('lets a person stop what runs, and says so', { timeout: 120_000 }, async () => {
    const { number } = house.github.openIssue({
      repository: house.demo.repository,
      login: house.demo.writer,
      title: 'One to stop',
    });
    faults.inject({ call: /messages/, fault: { kind: 'delay', ms: 100_000 } });
    const working = next(commentSays('[x] read the repository'));
    write('@agent fix the failing test', number);
    await working;
    const [told, ended] = [next(commentSays('Stopped by demo')), next(({ call }) => call === 'task STOPPED')];
    write('@agent stop', number);
    await told;
    expect((await ended).status).toBe(0);
    expect(ours(number)).toEqual([
      expect.stringMatching(/^⏹️ Stopped by demo\./),
      expect.stringContaining('Stopping the one task of this thread.'),
    ]);
  });

  it('says so when there is nothing to stop', { timeout: 60_000 }, async () => {
    const told = next(commentSays('nothing to stop'));
    write('@agent stop', house.demo.issues.greeting);
    await told;
    expect(ours(house.demo.issues.greeting)).toHaveLength(1);
  });

  it('takes a second request after the first, and tells its place', { timeout: 180_000 }, async () => {
    const number = house.demo.issues.total;
    const working = next(commentSays('[x] read the repository'));
    write('@agent fix the failing test', number);
    await working;
    const [placed, done] = [
      next(commentSays('yours comes next')),
      next(commentSays('Pull request: ')).then(() => next(commentSays('Pull request: '))),
    ];
    write('@agent fix the failing greeting test', number);
    await placed;
    await done;
    expect(ours(number)).toEqual([
      expect.stringMatching(/^✅ Pull request: [^]*total\.js/),
      expect.stringMatching(/^✅ Pull request: [^]*greeting\.js/),
    ]);
  });
});
