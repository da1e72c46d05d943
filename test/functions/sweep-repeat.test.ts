// A delivery that had arrived although GitHub thinks it has not: door, queue, triage, ledger and Postgres see it twice.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLedger } from '#core/ledger.ts';
import { createGithubApp } from '#core/platforms/github/app.ts';
import { createGithubWebhook } from '#core/platforms/github/webhook.ts';
import { createIngest } from '#functions/handlers/ingest.ts';
import { createMentionTriage } from '#functions/handlers/mention.ts';
import { createSweep } from '#functions/handlers/sweep.ts';
import { createTriage } from '#functions/handlers/triage.ts';
import type { Invoke } from '#local/aws/invocation.ts';
import { startHttpApi } from '#local/aws/http-api.ts';
import type { House } from '#test/local/github/start-twin.ts';
import { startTwin, webhookSecret } from '#test/local/github/start-twin.ts';
import { anSqsEvent, aTimeLeft } from '#test/support/aws-event.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { aLog, anInbox, aQueue } from '#test/support/fakes.ts';
import { aLedgerOn } from '#test/support/ledger.ts';

let clock = Date.now();
let database: TestDatabase;
let house: House;
let api: Awaited<ReturnType<typeof startHttpApi>>;
const inbox = aQueue();
const lane = aQueue();
const { log } = aLog();

beforeAll(async () => {
  database = await migratedDatabase();
  house = await startTwin({ now: () => clock });
  const secrets = () => Promise.resolve([webhookSecret]);
  const receive = createGithubWebhook({ secrets, mention: '@agent' });
  const door = createIngest({ receive, inbox: inbox.queue, log });
  const invoke: Invoke = async (_, event) => ({
    kind: 'answered',
    result: await door(event as Parameters<typeof door>[0]), // the API makes no other events
  });
  const { journal, faults } = house;
  api = await startHttpApi({ journal, faults, routes: { 'POST /webhooks/github': 'github' }, invoke });
  house.twin.hook.url = `${api.url}/webhooks/github`;
});
afterAll(async () => {
  await api.close();
  await house.close();
  await database.close();
});

const anApp = () => {
  const { apiUrl, app } = house.twin;
  return createGithubApp({ appId: String(app.id), privateKey: app.privateKey, apiUrl });
};

const aTriage = () => {
  const { db } = database;
  const answer = aLedgerOn(db, log);
  const ledger = createLedger(
    { call: async (_, payload) => await answer(payload), poke: async () => {} },
    '',
  );
  const lanes = { high: lane.queue, normal: lane.queue, low: lane.queue };
  const app = anApp();
  const onMention = createMentionTriage({
    ledger,
    app: () => Promise.resolve(app),
    lanes,
    poke: () => Promise.resolve(),
    mention: '@agent',
    log,
  });
  return createTriage({ ledger, onMention, inbox: anInbox().inbox, deadLetters: aQueue().queue, log });
};

it('a webhook that was taken, but whose answer was lost, is redelivered and stays one task', async () => {
  house.faults.inject({ call: /^POST \/webhooks\/github$/, fault: { kind: 'reset_after' } });
  const { demo, twin } = house;
  const body = '@agent fix the failing test';
  const act = twin.comment({ repository: demo.repository, number: 1, login: demo.writer, body });
  expect(await act.delivered).toMatchObject({ statusCode: 502 });
  const triage = aTriage();
  expect(inbox.sent).toHaveLength(1);
  expect(await triage(anSqsEvent([inbox.sent[0]!]), aTimeLeft())).toEqual({ batchItemFailures: [] });

  clock += 5 * 60_000;
  const app = anApp();
  await createSweep({ app: () => Promise.resolve(app), log, now: () => clock })();
  await house.journal.waitFor(({ twin, detail }) => twin === 'hook' && detail['redelivery'] === true);
  expect(inbox.sent).toHaveLength(2);
  // the queue itself knows the delivery for five minutes only: here it has forgotten it
  expect(inbox.sent[1]!.deduplicationId).toBe(inbox.sent[0]!.deduplicationId);
  expect(await triage(anSqsEvent([inbox.sent[1]!]), aTimeLeft())).toEqual({ batchItemFailures: [] });

  expect(await database.query('select trigger_key, generation from tasks')).toHaveLength(1);
  expect(await database.query('select id from deliveries')).toHaveLength(1);
  // the ring of the repeat carries the same id, so the lane drops it
  expect(new Set(lane.sent.map(({ deduplicationId }) => deduplicationId)).size).toBe(1);
});
