// What triage failed at, on strict queues: when it comes again, and in which order.
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createQueueReceiver, createQueueSender } from '#core/aws/sqs.ts';
import { encodeMessage } from '#core/messages.ts';
import { secondsUntilRetry } from '#functions/handlers/back-off.ts';
import { createTriage } from '#functions/handlers/triage.ts';
import { startStrictQueues } from '#local/aws/strict-queues.ts';
import { createClock } from '#local/clock.ts';
import { createFaults } from '#local/faults.ts';
import { createJournal } from '#local/journal.ts';
import { aDelivery } from '#test/builders.ts';
import { onLoopback } from '#test/support/aws-client.ts';
import { anSqsEvent, aTimeLeft } from '#test/support/aws-event.ts';
import { aLedger, aLog, aQueue } from '#test/support/fakes.ts';

const visibilitySeconds = 180;
const clock = createClock({ standsAt: Date.parse('2026-01-02T03:04:05Z') });
const faults = createFaults();
let count = 0;
let url = '';
let client: SQSClient;
let servers: Awaited<ReturnType<typeof startStrictQueues>>;

beforeAll(async () => {
  const queues = Array.from({ length: 4 }, (_, n) => ({ name: `inbox-${n}.fifo`, visibilitySeconds }));
  servers = await startStrictQueues({ clock, faults, journal: createJournal(), bucket: 'unused', queues });
  client = new SQSClient({ ...onLoopback(servers.url), maxAttempts: 1 });
});
beforeEach(() => {
  faults.clear();
  url = servers.queueUrls[`inbox-${count}.fifo`] ?? '';
  count += 1;
});
afterAll(async () => {
  client.destroy();
  await servers.close();
});

const send = async (groupId: string, ...ids: string[]) => {
  const { send } = createQueueSender(client, url);
  for (const id of ids) await send({ body: encodeMessage(aDelivery({ id })), groupId, deduplicationId: id });
};

/** What Lambda's poller gets: a batch. */
const receive = async () => {
  const { Messages = [] } = await client.send(
    new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
    }),
  );
  return anSqsEvent(
    Messages.map(({ MessageId = '', ReceiptHandle = '', Body = '', Attributes = {} }) => ({
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      attributes: Attributes,
    })),
  );
};
type Event = Awaited<ReturnType<typeof receive>>;
const idsOf = ({ Records }: Event) => Records.map(({ attributes }) => attributes.MessageDeduplicationId);
const receiveAfter = async (seconds: number) => {
  clock.advance(seconds * 1000);
  return await receive();
};
const idsAfter = async (seconds: number) => idsOf(await receiveAfter(seconds));

/** Fails at the named deliveries; what it does not fail at is deleted, as Lambda does. */
const triage = async (event: Event, failing: readonly string[], msLeft = 30_000) => {
  const { log, lines } = aLog();
  const inbox = createQueueReceiver(client, url);
  const { batchItemFailures } = await createTriage({
    ledger: aLedger({}).ledger,
    onMention: ({ id }) => (failing.includes(id) ? Promise.reject(new Error('away')) : Promise.resolve()),
    inbox,
    deadLetters: aQueue().queue,
    log,
  })(event, aTimeLeft(msLeft));
  const failed = event.Records.filter(({ messageId }) =>
    batchItemFailures.some(({ itemIdentifier }) => itemIdentifier === messageId),
  );
  for (const record of event.Records)
    if (!failed.includes(record)) await inbox.acknowledge(record.receiptHandle);
  return { failed: failed.map(({ attributes }) => attributes.MessageDeduplicationId), lines };
};

describe('a delivery that triage failed at', () => {
  it('comes back in five seconds with what came after it on its thread, in order', async () => {
    await send('a', 'a1', 'a2');
    await send('b', 'b1');
    const { failed } = await triage(await receive(), ['a1']);
    expect(failed).toEqual(['a1', 'a2']);
    expect(await idsAfter(4.9)).toEqual([]);
    expect(await idsAfter(0.2)).toEqual(['a1', 'a2']);
  });

  it('waits twice as long after each try, and what came meanwhile on its thread waits with it', async () => {
    await send('a', 'a1');
    await triage(await receive(), ['a1']);
    await send('a', 'a2');
    const second = await receiveAfter(5);
    expect(idsOf(second)).toEqual(['a1', 'a2']);
    await triage(second, ['a1']);
    expect(await idsAfter(9.9)).toEqual([]);
    const third = await receiveAfter(0.2);
    expect(idsOf(third)).toEqual(['a1', 'a2']);
    expect((await triage(third, [])).failed).toEqual([]);
    expect(await idsAfter(visibilitySeconds)).toEqual([]);
  });

  it('comes back as soon where Lambda would have ended it in the middle of its work', async () => {
    await send('a', 'a1', 'a2');
    await send('b', 'b1');
    const { failed, lines } = await triage(await receive(), [], 9_000);
    expect(failed).toEqual(['a1', 'a2', 'b1']);
    expect(lines).toMatchObject([
      { message: 'delivery not triaged', fields: { deliveryId: 'a1' } },
      { message: 'delivery not triaged', fields: { deliveryId: 'b1' } },
    ]);
    expect(await idsAfter(4.9)).toEqual([]);
    expect(await idsAfter(0.2)).toEqual(['a1', 'a2', 'b1']);
  });

  it('comes back with the visibility when the queue does not hear of it, still in order', async () => {
    await send('a', 'a1', 'a2');
    faults.inject({ call: /^ChangeMessageVisibility$/, fault: { kind: 'answer', status: 500 } });
    const { failed, lines } = await triage(await receive(), ['a1']);
    expect(failed).toEqual(['a1', 'a2']);
    expect(lines.at(-1)).toMatchObject({
      level: 'warn',
      message: 'message comes back late',
      fields: { deliveryId: 'a1' },
    });
    expect(await idsAfter(visibilitySeconds - 1)).toEqual([]);
    expect(await idsAfter(2)).toEqual(['a1', 'a2']);
  });
});

it.each([
  [1, 5],
  [2, 10],
  [3, 20],
  [6, 160],
  [7, 180],
  [486, 180],
])('what was received %i times waits for %i seconds', (receives, seconds) => {
  expect(secondsUntilRetry(receives)).toBe(seconds);
});
