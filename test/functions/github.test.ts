import { describe, expect, it } from 'vitest';
import { inboxMessageSchema } from '#core/messages.ts';
import { createGithubWebhook } from '#core/platforms/github/webhook.ts';
import { threadKey } from '#core/thread-key.ts';
import { createIngest } from '#functions/handlers/ingest.ts';
import { aCommentPayload, aRecordedPayload, aWebhookSecret, webhookHeaders } from '#test/builders.ts';
import { anHttpEvent } from '#test/support/aws-event.ts';
import { aLog, aQueue } from '#test/support/fakes.ts';

const setUp = ({ secrets = () => Promise.resolve([aWebhookSecret]), queue = aQueue() } = {}) => {
  const log = aLog();
  const receive = createGithubWebhook({ secrets, mention: '@agent' });
  return { log, sent: queue.sent, handler: createIngest({ receive, inbox: queue.queue, log: log.log }) };
};
const signed = (body: string, event?: string) => anHttpEvent({ headers: webhookHeaders(body, event), body });
const mention = JSON.stringify(aCommentPayload('@agent fix private words'));

describe('the webhook of GitHub', () => {
  it('queues a mention on its thread under its delivery id, and then answers', async () => {
    const { handler, sent, log } = setUp();
    expect(await handler(signed(mention))).toMatchObject({ statusCode: 202, body: '{"status":"queued"}' });
    expect(sent).toHaveLength(1);
    const delivery = inboxMessageSchema.parse(JSON.parse(sent[0]!.body));
    if (delivery.event.kind !== 'mention') throw new Error(delivery.event.kind);
    expect(sent[0]).toMatchObject({
      groupId: threadKey(delivery.event.thread),
      deduplicationId: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    });
    expect(log.lines[0]).toMatchObject({ message: 'queued' });
    expect(log.text()).not.toContain('private words');
  });

  it('takes a body in base64 for the same bytes', async () => {
    const { handler, sent } = setUp();
    const event = anHttpEvent({
      headers: webhookHeaders(mention),
      body: Buffer.from(mention).toString('base64'),
      isBase64Encoded: true,
    });
    expect(await handler(event)).toMatchObject({ statusCode: 202 });
    expect(sent).toHaveLength(1);
  });

  it('queues what happens to an installation in an order of its own', async () => {
    const { handler, sent } = setUp();
    const body = JSON.stringify(aRecordedPayload('installation', 'suspend'));
    expect(await handler(signed(body, 'installation'))).toMatchObject({ statusCode: 202 });
    expect(sent[0]?.groupId).toBe('installation-github-16598467');
  });

  it.each([
    ['no_mention', aCommentPayload('hello'), 'issue_comment'],
    ['own_comment', aCommentPayload('@agent fix <!-- agent-bot:'), 'issue_comment'],
    ['bot_sender', { ...aCommentPayload(), sender: { type: 'Bot' } }, 'issue_comment'],
    ['edited', { ...aCommentPayload(), action: 'edited' }, 'issue_comment'],
    ['ping', aRecordedPayload('ping', undefined), 'ping'],
    ['event_not_handled', {}, 'push'],
  ] as const)('answers 202 and queues nothing: %s', async (reason, payload, event) => {
    const { handler, sent } = setUp();
    const answer = await handler(signed(JSON.stringify(payload), event));
    expect(answer.statusCode).toBe(202);
    expect(JSON.parse(answer.body ?? '')).toStrictEqual({ status: 'ignored', reason });
    expect(sent).toHaveLength(0);
  });

  const unsigned = { ...webhookHeaders(mention), 'x-hub-signature-256': `sha256=${'ab'.repeat(32)}` };
  it.each([
    [401, 'a wrong signature', anHttpEvent({ headers: unsigned, body: mention })],
    [401, 'no signature', anHttpEvent({ body: mention })],
    [401, 'nothing at all', anHttpEvent({})],
    [400, 'no JSON', signed('{')],
    [400, 'no payload', signed('{"action":"created"}')],
    [413, 'too much, signed or not', anHttpEvent({ body: 'x'.repeat(4 * 1024 * 1024 + 1) })],
  ])('answers %i, always in the same words: %s', async (status, _, event) => {
    const { handler, sent, log } = setUp();
    const answer = await handler(event);
    expect(answer).toMatchObject({ statusCode: status, body: '{"status":"rejected"}' });
    expect(sent).toHaveLength(0);
    expect(log.text()).not.toMatch(/[0-9a-f]{32}|sha256=|Secret to Everybody/);
  });

  it('answers 503 when the queue does not confirm, so that the delivery is known as failed', async () => {
    const { handler, log } = setUp({ queue: aQueue(() => new Error('queue away')) });
    expect(await handler(signed(mention))).toMatchObject({ statusCode: 503 });
    expect(log.lines[0]).toMatchObject({ level: 'error', fields: { detail: 'queue away' } });
  });

  it('answers 503, never 2xx, when there is no secret', async () => {
    const { handler, sent } = setUp({ secrets: () => Promise.reject(new Error('secret away')) });
    expect(await handler(signed(mention))).toMatchObject({ statusCode: 503 });
    expect(sent).toHaveLength(0);
  });
});
