// The sweeper against the GitHub that `npm start` plays: its list, its faults, its clock.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createGithubApp } from '#core/platforms/github/app.ts';
import { createSweep, lostMessage } from '#functions/handlers/sweep.ts';
import type { FaultRule } from '#local/faults.ts';
import type { House } from '#test/local/github/start-twin.ts';
import { startTwin } from '#test/local/github/start-twin.ts';
import { aLog } from '#test/support/fakes.ts';
import { secondaryLimit } from '#test/support/github-server.ts';
import { startServer } from '#test/support/http-server.ts';

const minutes = 60_000;
const hours = 60 * minutes;
const list = /^GET \/app\/hook\/deliveries$/;
const attempts = /^POST \/app\/hook\/deliveries\/\d+\/attempts$/;
const answer = (status: number, more: object = {}): FaultRule['fault'] => ({
  kind: 'answer',
  status,
  ...more,
});

let clock: number;
let house: House;
let door: Awaited<ReturnType<typeof startServer>>;
let isDown: boolean;
let taken: string[];

beforeEach(async () => {
  clock = Date.now();
  isDown = false;
  taken = [];
  house = await startTwin({ now: () => clock });
  door = await startServer(({ headers }) => {
    if (!isDown) taken.push(String(headers['x-github-delivery']));
    return { status: isDown ? 503 : 202 };
  });
  house.twin.hook.url = `${door.url}/webhooks/github`;
});
afterEach(async () => {
  await house.close();
  await door.close();
});

/** A person writes; the guid of the webhook that comes of it. */
const comment = async (): Promise<string> => {
  const { demo, twin } = house;
  const body = '@agent fix the failing test';
  const act = twin.comment({ repository: demo.repository, number: 1, login: demo.writer, body });
  return (await act.delivered)!.guid;
};
const failedComments = async (count: number): Promise<string[]> => {
  isDown = true;
  const guids: string[] = [];
  for (let n = 0; n < count; n += 1) guids.push(await comment());
  isDown = false;
  return guids;
};

const anApp = () => {
  const { apiUrl, app } = house.twin;
  return createGithubApp({ appId: String(app.id), privateKey: app.privateKey, apiUrl });
};
const aSweeper = ({ app = anApp(), log = aLog() } = {}) => {
  const sweep = createSweep({ app: () => Promise.resolve(app), log: log.log, now: () => clock });
  return { sweep: async () => await made(withoutWaits(sweep)), log };
};

/** Octokit's pauses (a second between two writes, some between tries) are over at once. */
const withoutWaits = async (act: () => Promise<void>): Promise<void> => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.setTimerTickMode('nextTimerAsync');
  try {
    await act();
  } finally {
    vi.useRealTimers();
  }
};

/** GitHub answers before it has made the attempt: what was asked for is waited for. */
const made = async (sweep: Promise<void>): Promise<void> => {
  await sweep.finally(() => house.journal.waitFor(() => redeliveries() === effective()));
};
const redeliveries = () => house.twin.deliveries().filter(({ redelivery }) => redelivery).length;
/** Without those by whose 401 Octokit learns that the twin's clock is ahead. */
const calls = (pattern: RegExp) =>
  house.journal.entries().filter(({ call, status }) => pattern.test(call) && status !== 401);
const asked = () => calls(attempts);
/** Those that the twin carried out, whatever it answered. */
const effective = () =>
  asked().filter(({ status, detail }) => status === 202 || detail['fault'] === 'answer_after').length;
const timesTaken = (guids: string[]) => guids.map((guid) => taken.filter((other) => other === guid).length);

describe('an outage', () => {
  it(
    'is healed once it is over: all that failed in it is taken, each once',
    { timeout: 60_000 },
    async () => {
      const { sweep } = aSweeper();
      const failed: string[] = [];
      for (let minute = 0; minute < 120; minute += 1) {
        clock += minutes;
        if (minute % 4 === 0) failed.push(...(await failedComments(1)));
        await comment();
        await comment();
        isDown = true;
        if (minute % 5 === 0 && minute < 30) await sweep(); // and then it is away for 90 minutes
        isDown = false;
      }
      expect(failed).toHaveLength(30);
      expect(timesTaken(failed)).toEqual(failed.map(() => 0));
      clock += 5 * minutes;

      house.faults.inject({ call: list, fault: answer(502, { body: '<html>502</html>' }), times: 3 });
      await expect(sweep()).rejects.toMatchObject({ status: 502 });
      clock += 5 * minutes;
      house.faults.inject({ call: list, fault: answer(429, { headers: { 'retry-after': '600' } }) });
      await expect(sweep()).rejects.toMatchObject({ status: 429 });
      clock += 5 * minutes;
      await sweep();
      expect(
        calls(list)
          .map(({ status }) => status)
          .slice(-7),
      ).toEqual([502, 502, 502, 429, 200, 200, 200]);

      expect(timesTaken(failed)).toEqual(failed.map(() => 1));
      const redelivered = house.twin.deliveries().find(({ redelivery }) => redelivery);
      expect(redelivered!.id > 2n ** 53n).toBe(true);
      const requests = asked().length;
      for (let tick = 0; tick < 3; tick += 1) {
        clock += 5 * minutes;
        await sweep();
      }
      expect(asked()).toHaveLength(requests);
    },
  );

  it('that ended a moment ago is not touched: the attempt may be on its way', async () => {
    const { sweep } = aSweeper();
    await failedComments(1);
    clock += 59_000;
    await sweep();
    expect(asked()).toHaveLength(0);
  });
});

describe('a sweep that ends too early', () => {
  it('between two requests is made good by the next one, which asks only for what is missing', async () => {
    const failed = await failedComments(4);
    clock += 5 * minutes;
    const dying = anApp();
    const died = Promise.withResolvers<void>();
    dying.asApp.hook.before('request', ({ method }) => {
      if (method !== 'POST' || asked().length < 2) return undefined;
      died.resolve();
      return new Promise<void>(() => {}); // for ever: nothing of it happens any more
    });
    const sweep = createSweep({ app: () => Promise.resolve(dying), log: aLog().log, now: () => clock });
    await withoutWaits(() => Promise.race([sweep(), died.promise]));
    await house.journal.waitFor(() => redeliveries() === 2);
    expect(timesTaken(failed)).toEqual([1, 1, 0, 0]);

    clock += 5 * minutes;
    await aSweeper().sweep();
    expect(asked()).toHaveLength(4);
    expect(timesTaken(failed)).toEqual([1, 1, 1, 1]);
  });

  it('after an answer that was lost goes on with the others, throws, and never asks twice', async () => {
    const { sweep } = aSweeper();
    const failed = await failedComments(3);
    clock += 5 * minutes;
    house.faults.inject({ call: attempts, fault: { kind: 'answer_after', status: 502 } });
    await expect(sweep()).rejects.toThrow('some deliveries could not be asked for');
    expect(timesTaken(failed)).toEqual([1, 1, 1]);
    clock += 5 * minutes;
    await sweep();
    expect(asked()).toHaveLength(3);
  });

  it('because GitHub gives no clear answers stops at the third, and the next one does the rest', async () => {
    const { sweep, log } = aSweeper();
    const failed = await failedComments(5);
    clock += 5 * minutes;
    house.faults.inject({ call: attempts, fault: answer(502), times: 1 });
    house.faults.inject({ call: attempts, fault: { kind: 'reset' }, times: 1 });
    const { status, json } = secondaryLimit;
    const limited = answer(status, { body: JSON.stringify(json), headers: { 'retry-after': '600' } });
    house.faults.inject({ call: attempts, fault: limited });
    await expect(sweep()).rejects.toThrow('some deliveries could not be asked for');
    expect(asked()).toHaveLength(3);
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', message: 'not swept' });
    clock += 5 * minutes;
    await sweep();
    expect(timesTaken(failed)).toEqual([1, 1, 1, 1, 1]);
  });

  it('is not one in which GitHub refuses a single delivery: the others are asked for', async () => {
    const { sweep, log } = aSweeper();
    const failed = await failedComments(2);
    clock += 5 * minutes;
    house.faults.inject({ call: attempts, fault: answer(404) });
    await sweep();
    expect(timesTaken(failed)).toEqual([0, 1]);
    expect(log.lines.at(-1)?.fields).toMatchObject({ due: 2, requested: 1, refused: 1, unclear: 0 });
  });
});

describe('a delivery that never goes through', () => {
  const losses = (log: ReturnType<typeof aLog>) => log.lines.filter(({ message }) => message === lostMessage);

  it('is named in its last hour, once, and not asked for any more', async () => {
    const { sweep, log } = aSweeper();
    const [guid] = await failedComments(1);
    const { id } = house.twin.deliveries().at(-1)!;
    clock += 71 * hours - 5 * minutes;
    house.faults.inject({ call: attempts, fault: answer(404) });
    await sweep();
    expect(losses(log)).toHaveLength(0);
    for (let tick = 0; tick < 12; tick += 1) {
      clock += 5 * minutes;
      await sweep();
    }
    expect(losses(log)).toEqual([
      {
        level: 'error',
        message: 'delivery lost',
        fields: {
          guid,
          hookDeliveryId: String(id),
          event: 'issue_comment',
          installationId: String(house.installationId),
        },
      },
    ]);
    expect(asked()).toHaveLength(1);
  });

  it('is rather named twice, by two processes, than never: also by a sweep that goes on to fail', async () => {
    await failedComments(1);
    clock += 71 * hours + 30 * minutes;
    await failedComments(1);
    clock += 5 * minutes;
    house.faults.inject({ call: attempts, fault: answer(500) });
    const [one, other] = [aSweeper(), aSweeper()];
    await expect(one.sweep()).rejects.toThrow('some deliveries');
    await other.sweep();
    expect([losses(one.log).length, losses(other.log).length]).toEqual([1, 1]);
  });

  it('and was forgotten by GitHub while the sweeper was away cannot be named, nor can a retry of it be taken for new', async () => {
    const { sweep, log } = aSweeper();
    await failedComments(1);
    clock += 70 * hours;
    isDown = true;
    await sweep();
    clock += 3 * hours;
    await sweep();
    expect([redeliveries(), asked().length, losses(log).length]).toEqual([1, 1, 0]);
  });
});

describe('the log', () => {
  it('says what was done, in ids', async () => {
    const { sweep, log } = aSweeper();
    const [guid] = await failedComments(1);
    clock += 5 * minutes;
    await sweep();
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'redelivery requested'],
      ['info', 'swept'],
    ]);
    expect(log.lines[0]?.fields).toMatchObject({ guid });
    expect(log.lines[1]?.fields).toEqual({
      read: 1,
      due: 1,
      lost: 0,
      requested: 1,
      refused: 0,
      unclear: 0,
    });
    expect(log.text()).not.toMatch(/failing test|PRIVATE KEY|[Bb]earer/);
  });
});
