// One request that comes more than once: door, strict inbox, triage, ledger and Postgres, put together as in the house.
import { randomUUID } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createQueueReceiver, createQueueSender } from '#core/aws/sqs.ts';
import { createLedger } from '#core/ledger.ts';
import { createGithubApp } from '#core/platforms/github/app.ts';
import { createGithubWebhook } from '#core/platforms/github/webhook.ts';
import type { QueueReceiver } from '#core/ports/queue.ts';
import { createInstallations } from '#db/installations.ts';
import { createTasks } from '#db/tasks.ts';
import { createIngest } from '#functions/handlers/ingest.ts';
import { createMentionTriage } from '#functions/handlers/mention.ts';
import { createTriage } from '#functions/handlers/triage.ts';
import { startStrictQueues } from '#local/aws/strict-queues.ts';
import { createClock } from '#local/clock.ts';
import { createFaults } from '#local/faults.ts';
import { createJournal } from '#local/journal.ts';
import { aCommentPayload, anInstallation, aWebhookSecret, webhookHeaders } from '#test/builders.ts';
import { onLoopback } from '#test/support/aws-client.ts';
import { anHttpEvent, anSqsEvent, aTimeLeft } from '#test/support/aws-event.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { aLog, anInbox, aQueue } from '#test/support/fakes.ts';
import { appPrivateKey } from '#test/support/github-server.ts';
import type { Answer, Seen } from '#test/support/http-server.ts';
import { startServer } from '#test/support/http-server.ts';
import { aLedgerOn } from '#test/support/ledger.ts';
import { aRecordInput } from '#test/support/record-input.ts';

const clock = createClock();
const minute = 60_000;
const day = 24 * 60 * minute;
const faults = createFaults();
const lane = aQueue();
const { log } = aLog();
let database: TestDatabase;
let github: Awaited<ReturnType<typeof startServer>>;
let house: Awaited<ReturnType<typeof startInbox>>;

beforeAll(async () => {
  database = await migratedDatabase();
  github = await startServer(asGithub);
  house = await startInbox();
});
beforeEach(async () => {
  faults.clear();
  lane.sent.splice(0);
  await database.clear();
  for (const tenantId of ['1', '2'])
    await createInstallations(database.db).upsert(anInstallation({ tenantId }));
});
afterAll(async () => {
  await house.close();
  await github.close();
  await database.close();
});

/** Lets in whoever asks. */
const asGithub = ({ method, path }: Seen): Answer => {
  if (path.endsWith('/permission')) return { json: { permission: 'write', role_name: 'write' } };
  if (method === 'GET') return { json: path.endsWith('/app') ? { slug: 'agent-bot' } : [] };
  if (method === 'DELETE') return { status: 204 };
  return { status: 201, json: { id: 1, token: `ghs_${randomUUID()}`, expires_at: '2026-01-02T04:04:05Z' } };
};

const startInbox = async () => {
  const servers = await startStrictQueues({
    clock,
    faults,
    journal: createJournal(),
    bucket: 'unused',
    queues: [{ name: 'inbox.fifo', visibilitySeconds: 60 }],
  });
  const client = new SQSClient({ ...onLoopback(servers.url), maxAttempts: 1 });
  const url = servers.queueUrls['inbox.fifo'] ?? '';
  const inbox = { ...createQueueReceiver(client, url), ...createQueueSender(client, url) };
  const door = createIngest({
    receive: createGithubWebhook({
      secrets: () => Promise.resolve([aWebhookSecret]),
      mention: '@agent',
      now: () => new Date(clock.now()),
    }),
    inbox,
    log,
  });
  const close = async () => {
    client.destroy();
    await servers.close();
  };
  return { inbox, door, depth: async () => (await servers.depths())['inbox.fifo'], close };
};

const aLedgerFunction = () => aLedgerOn(database.db, log);

/** An environment of its own, as Lambda would start one: what it remembers helps nobody. */
const aTriage = () => {
  const answer = aLedgerFunction();
  const call = (_: string, payload: unknown) => answer(payload);
  const ledger = createLedger({ call, poke: async () => {} }, '');
  const key = { appId: String(Math.floor(Math.random() * 1e9)), privateKey: appPrivateKey };
  const app = createGithubApp({ ...key, apiUrl: github.url });
  const onMention = createMentionTriage({
    ledger,
    app: () => Promise.resolve(app),
    lanes: { high: lane.queue, normal: lane.queue, low: lane.queue },
    poke: () => Promise.resolve(),
    mention: '@agent',
    log,
  });
  return createTriage({ ledger, onMention, inbox: anInbox().inbox, deadLetters: aQueue().queue, log });
};

type Sent = { guid?: string; body: string };
const deliver = async ({ guid = randomUUID(), body }: Sent) => {
  const headers = { ...webhookHeaders(body), 'x-github-delivery': guid };
  return (await house.door(anHttpEvent({ headers, body }))).statusCode;
};
/** Everything in the inbox goes through triage; says how many messages there were. */
const triageAll = async (inbox: QueueReceiver = house.inbox): Promise<number> => {
  for (let count = 0; ; count += 1) {
    const message = await inbox.receive({ waitSeconds: 0 });
    if (!message) return count;
    expect(await aTriage()(anSqsEvent([{ body: message.body }]), aTimeLeft())).toEqual({
      batchItemFailures: [],
    });
    await inbox.acknowledge(message.receipt);
  }
};

type Person = { tenantId?: number; repositoryId?: number; commentId?: number };
/** What GitHub sends of a comment on issue 1. */
const aComment = ({ tenantId = 1, repositoryId = 1, commentId = 1 }: Person = {}): string => {
  const payload = aCommentPayload('@agent fix it', { id: commentId });
  const { repository, issue } = payload as { repository: object; issue: object };
  return JSON.stringify({
    ...payload,
    installation: { id: tenantId },
    repository: { ...repository, id: repositoryId },
    issue: { ...issue, number: 1 },
  });
};
const tasks = () => database.query('select id, thread_key, trigger_key, status from tasks order by seq');

describe('the same delivery', () => {
  it('a hundred times at once is one message', async () => {
    const sent = { guid: randomUUID(), body: aComment() };
    const answers = await Promise.all(Array.from({ length: 100 }, () => deliver(sent)));
    expect(new Set(answers)).toEqual(new Set([202]));
    expect(await triageAll()).toBe(1);
    expect(await tasks()).toHaveLength(1);
  });

  it('a hundred times at once behind the queue is one task', async () => {
    const answer = aLedgerFunction();
    const input = aRecordInput();
    const again = { ...input, delivery: { ...input.delivery, id: randomUUID() } };
    const recorded = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        answer({ verb: 'tasks.record', input: n % 2 === 0 ? input : again }),
      ),
    );
    expect(await tasks()).toHaveLength(1);
    expect(recorded.filter((task) => (task as { created: boolean }).created)).toHaveLength(1); // as the verb says
  });

  it.each([
    ['four minutes', 4 * minute, 0],
    ['six minutes', 6 * minute, 1],
    ['two days', 2 * day, 1],
    ['twenty-nine days', 29 * day, 1],
  ])('is one task after %s, when the queue lets it through or not', async (_, ms, messages) => {
    const sent = { guid: randomUUID(), body: aComment() };
    await deliver(sent);
    expect(await triageAll()).toBe(1);
    const [first] = await tasks();
    clock.advance(ms);
    expect(await deliver(sent)).toBe(202);
    expect(await triageAll()).toBe(messages);
    expect(await tasks()).toEqual([first]);
    expect(await database.query('select from deliveries')).toHaveLength(1);
    // also its ring is the same one, which the lane drops
    expect(new Set(lane.sent.map(({ deduplicationId }) => deduplicationId)).size).toBe(1);
  });

  it('under another id is one task', async () => {
    const body = aComment();
    await deliver({ body });
    await deliver({ body });
    expect(await triageAll()).toBe(2);
    expect(await tasks()).toHaveLength(1);
  });

  it('that found the queue away is told so, and becomes one task that is rung when it comes again', async () => {
    const sent = { guid: randomUUID(), body: aComment() };
    faults.inject({ call: /SendMessage/, fault: { kind: 'answer', status: 500 } });
    expect(await deliver(sent)).toBe(503);
    expect(await triageAll()).toBe(0);
    expect(await deliver(sent)).toBe(202);
    expect(await triageAll()).toBe(1);
    expect(await tasks()).toMatchObject([{ status: 'queued' }]);
    expect(lane.sent).toHaveLength(1);
  });

  it('that the queue took without saying so comes again, and is one task', async () => {
    const sent = { guid: randomUUID(), body: aComment() };
    faults.inject({ call: /SendMessage/, fault: { kind: 'reset_after' } });
    expect(await deliver(sent)).toBe(503);
    expect(await deliver(sent)).toBe(202);
    expect(await triageAll()).toBe(1);
    expect(await tasks()).toHaveLength(1);
  });
});

describe('two requests', () => {
  it('on an issue of the same number, of two tenants, are two tasks in two threads', async () => {
    await deliver({ body: aComment({ tenantId: 1, repositoryId: 1, commentId: 1 }) });
    await deliver({ body: aComment({ tenantId: 2, repositoryId: 2, commentId: 2 }) });
    expect(await triageAll()).toBe(2);
    const [one, other] = await tasks();
    expect(one?.['thread_key']).not.toBe(other?.['thread_key']);
    // who works for the one gets nothing of the other
    const claimed = await createTasks(database.db).claim({
      threadKey: String(one?.['thread_key']),
      workerId: randomUUID(),
    });
    expect(claimed).toMatchObject({ job: { task: { id: one?.['id'], thread: { tenantId: '1' } } } });
  });

  it('in the same words on the same issue are two tasks', async () => {
    await deliver({ body: aComment({ commentId: 1 }) });
    await deliver({ body: aComment({ commentId: 2 }) });
    expect(await triageAll()).toBe(2);
    expect(await tasks()).toHaveLength(2);
  });
});
