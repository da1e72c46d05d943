// K15-K19 and DUP: the functions lose their answers or their hosts, and senders send again.
import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { secondsUntilRetry } from '#functions/handlers/back-off.ts';
import type { Entry } from '#local/journal.ts';
import type { Case } from '#test/crash/case.ts';
import { aChange, aPullRequest, askAndWait } from '#test/crash/case.ts';
import { enoughSeconds } from '#test/crash/crash-house.ts';
import { strikeDown, waitAtGate } from '#test/crash/strike.ts';
import type { Trial } from '#test/crash/trial.ts';

type Delivery = Awaited<ReturnType<Trial['ask']>>;
type Delivered = { trial: Trial; delivery: Delivery };

type Lost = { call: RegExp; kind: 'reset' | 'reset_after'; times?: number };

/** The door tries twice, reconcile three times. */
const lose = ({ house }: Trial, { call, kind, times = 3 }: Lost) =>
  house.faults.inject({ call, fault: { kind }, times });

/** Ends a function's host at the moment in which a twin sees something, once. */
const crashAt = (trial: Trial, name: string, sees: (entry: Entry) => boolean) => {
  const stop = trial.house.journal.listen((entry) => {
    if (!sees(entry)) return;
    stop();
    const crashed = trial.house.functions.crash(name); // before it has its answer
    void trial.strike(() => crashed);
  });
  return stop;
};

const sendsTo = (queue: RegExp, statuses: readonly number[]) => (entry: Entry) =>
  entry.call === 'SendMessage' &&
  statuses.includes(entry.status) &&
  (entry.status === 0 || queue.test(String(entry.detail['queue'])));
const invokes =
  (verb: string) =>
  ({ twin, call, detail }: Entry) =>
    twin === 'lambda' && call === 'ledger' && String(detail['payload']).includes(verb);

/** The sweeper finds what failed and asks GitHub for it, as it does every five minutes. */
const sweepLater = async ({ house, rest }: Trial) => {
  await rest(); // what triage has in its hands would be taken from it by a jump
  await house.pass(300);
  return await house.functions.invoke('sweep', {});
};

const redelivered = async ({ house }: Trial, { guid }: Delivery) => {
  const endsAt = performance.now() + 20_000;
  const isThere = () => house.github.deliveries().some((one) => one.guid === guid && one.redelivery);
  while (!isThere() && performance.now() < endsAt) await wait(20);
};

const again = async (
  { house, answers }: Trial,
  { url, guid: first, request }: Delivery,
  change: { guid?: string; body?: string } = {},
) => {
  const { guid = first, body = request.body } = change;
  const signature = createHmac('sha256', house.github.app.webhookSecret).update(body).digest('hex');
  const headers = {
    ...request.headers,
    'x-hub-signature-256': `sha256=${signature}`,
    'x-github-delivery': guid,
  };
  const startedAt = performance.now();
  const { status } = await fetch(url, { method: 'POST', headers, body });
  answers.push({ guid, status, ms: performance.now() - startedAt });
};

const askOnce = async (trial: Trial, text = aChange): Promise<Delivered> => {
  const number = await trial.openThread();
  return { trial, delivery: await trial.ask({ number, text }) };
};

const mustBe = (isSo: boolean, what: string) => {
  if (!isSo) throw new Error(`the case did not come about: ${what}`);
};

const sweptCase = (id: string, title: string, prepare: (trial: Trial) => unknown): Case => ({
  id,
  group: id.split(' ')[0] ?? id,
  title,
  isQuick: true,
  run: async (trial) => {
    prepare(trial);
    const { delivery } = await askOnce(trial);
    trial.house.faults.clear();
    mustBe(delivery.statusCode !== 202, 'the door answered 202');
    await sweepLater(trial);
    await redelivered(trial, delivery);
    await trial.untilDone();
    return aPullRequest;
  },
});

const sends = [
  sweptCase('K15 reset', 'the door’s message does not reach the queue', (trial) =>
    lose(trial, { call: /^SendMessage$/, kind: 'reset' }),
  ),
  sweptCase('K15 host', 'the door’s host ends before its message is sent', (trial) => {
    lose(trial, { call: /^SendMessage$/, kind: 'reset' });
    crashAt(trial, 'github', sendsTo(/inbox/, [0]));
  }),
  sweptCase('K16 reset', 'the queue has the message, the door has no answer', (trial) =>
    lose(trial, { call: /^SendMessage$/, kind: 'reset_after', times: 2 }),
  ),
  sweptCase('K16 host', 'the door’s host ends after its message was sent', (trial) =>
    crashAt(trial, 'github', sendsTo(/inbox/, [200])),
  ),
];

const triageCase = (id: string, title: string, sees: (entry: Entry) => boolean): Case => ({
  id,
  group: 'K16',
  title,
  isQuick: true,
  run: async (trial) => {
    const stop = crashAt(trial, 'triage', sees);
    await askOnce(trial);
    await trial.rest();
    stop();
    mustBe(trial.blows.length === 1, 'triage was not struck');
    await trial.house.pass(enoughSeconds); // the inbox's visibility, six times triage's time-out
    await trial.house.rest();
    await trial.untilDone();
    return aPullRequest;
  },
});

/** No host dies: what failed comes back in seconds, not with the round that a blow explains. */
const ledgerAway: Case = {
  id: 'K16 away',
  group: 'K16',
  title: 'triage has no answer of the ledger, and tries again in seconds',
  isQuick: true,
  run: async (trial) => {
    const { house, from } = trial;
    lose(trial, { call: /^Invoke ledger$/, kind: 'reset', times: 2 });
    await askOnce(trial);
    await trial.rest();
    house.faults.clear();
    const entries = house.journal.entries().slice(from.journal);
    mustBe(
      entries.some(({ twin, status }) => twin === 'event-source' && status === 500),
      'triage did not fail',
    );
    await house.pass(secondsUntilRetry(1));
    await house.rest();
    mustBe((await trial.tasks()).length === 1, 'the delivery did not come back in time');
    await trial.untilDone();
    return aPullRequest;
  },
};

const sweeper: Case = {
  id: 'K17',
  group: 'K17',
  title: 'the sweeper has no answer, GitHub sends twice',
  isQuick: true,
  run: async (trial) => {
    lose(trial, { call: /^SendMessage$/, kind: 'reset' });
    const { delivery } = await askOnce(trial);
    trial.house.faults.clear();
    lose(trial, { call: /^POST \/app\/hook\/deliveries\/\d+\/attempts$/, kind: 'reset_after', times: 1 });
    const swept = await sweepLater(trial);
    mustBe(swept.kind === 'failed', 'the sweep had a clear answer');
    await redelivered(trial, delivery);
    await again(trial, delivery);
    await sweepLater(trial);
    await trial.untilDone();
    return aPullRequest;
  },
};

const launched = ({ house, from }: Trial) =>
  house.journal
    .entries()
    .slice(from.journal)
    .filter(({ call }) => call === 'task RUNNING').length;

const launchCase = (id: string, title: string, prepare: (trial: Trial) => unknown): Case => ({
  id,
  group: 'K18',
  title,
  isQuick: true,
  run: async (trial) => {
    prepare(trial);
    const expected = await askAndWait(trial);
    mustBe(launched(trial) === 1, `${launched(trial)} workers were started`);
    return expected;
  },
});

/** An operator's freeze keeps workers away until the ring in the lane may be lost; then reconcile owes another one. */
const bell: Case = {
  id: 'K19',
  group: 'K19',
  title: 'reconcile rings, has no answer, and rings again',
  isQuick: true,
  run: async (trial) => {
    const { house } = trial;
    await house.query(`insert into freezes (scope, reason, frozen_by) values ('all', 'a test', 'a test')`);
    await askOnce(trial);
    await house.rest();
    await house.query('update freezes set thawed_at = now()');
    await house.pass(16 * 60);
    lose(trial, { call: /^SendMessage$/, kind: 'reset_after' });
    const from = house.journal.entries().length;
    await house.tick();
    const hasRung = house.journal
      .entries()
      .slice(from)
      .some(({ call }) => call === 'SendMessage');
    mustBe(hasRung, 'reconcile did not ring');
    house.faults.clear();
    await house.tick();
    await trial.untilDone();
    return aPullRequest;
  },
};

const duplicate = (id: string, title: string, send: (delivered: Delivered) => Promise<unknown>): Case => ({
  id,
  group: 'DUP',
  title,
  isQuick: true,
  run: async (trial) => {
    strikeDown(trial, { where: { inRun: true }, fate: 'KILL' });
    const number = await trial.openThread();
    const delivery = await trial.ask({ number, text: `${waitAtGate(trial)}\n${aChange}` });
    await send({ trial, delivery });
    await trial.untilDone();
    await send({ trial, delivery });
    await trial.untilDone();
    return aPullRequest;
  },
});

/** GitHub's own bytes in another order would be signed too: one comment, another body, another GUID. */
const rewrapped = ({ request }: Delivery) => JSON.stringify(JSON.parse(request.body), undefined, 1);

export const doorCases: readonly Case[] = [
  ...sends,
  triageCase('K16 record', 'triage’s host ends after the task was recorded', invokes('tasks.record')),
  triageCase('K16 ring', 'triage’s host ends after it rang', sendsTo(/^tasks-/, [200])),
  ledgerAway,
  sweeper,
  launchCase('K18 reset', 'RunTask started a worker, reconcile has no answer', (trial) =>
    lose(trial, { call: /^RunTask$/, kind: 'reset_after' }),
  ),
  launchCase('K18 host', 'reconcile’s host ends after RunTask, before its record', (trial) =>
    crashAt(trial, 'reconcile', ({ call }) => call === 'RunTask'),
  ),
  bell,
  duplicate('DUP-1', 'the same delivery twenty times, at once and later', ({ trial, delivery }) =>
    Promise.all(Array.from({ length: 20 }, () => again(trial, delivery))),
  ),
  duplicate('DUP-2', 'the same delivery after two days', async ({ trial, delivery }) => {
    await again(trial, delivery);
    await trial.house.rest();
    if (trial.blows.length > 0) await trial.house.pass(2 * 24 * 3600);
  }),
  duplicate('DUP-3', 'the same body under another GUID', ({ trial, delivery }) =>
    again(trial, delivery, { guid: randomUUID() }),
  ),
  duplicate('DUP-4', 'another delivery for the same comment', ({ trial, delivery }) =>
    again(trial, delivery, { guid: randomUUID(), body: rewrapped(delivery) }),
  ),
];
