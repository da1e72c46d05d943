// One recorded payload on its whole way: webhook → inbox → triage → lane → worker.
import { describe, expect, it } from 'vitest';
import type { LedgerInput } from '#core/ledger.ts';
import { inboxMessageSchema, ringSchema } from '#core/messages.ts';
import { createGithubWebhook } from '#core/platforms/github/webhook.ts';
import { threadKey } from '#core/thread-key.ts';
import { createIngest } from '#functions/handlers/ingest.ts';
import { createMentionTriage } from '#functions/handlers/mention.ts';
import { createTriage } from '#functions/handlers/triage.ts';
import {
  aCommentPayload,
  anInstallation,
  aRecordedTask,
  aWebhookSecret,
  webhookHeaders,
} from '#test/builders.ts';
import { anHttpEvent, anSqsEvent, aTimeLeft } from '#test/support/aws-event.ts';
import { aLedger, aLog, anInbox, aQueue } from '#test/support/fakes.ts';
import { startGithub } from '#test/support/github-server.ts';

const text = '@agent fix 👀 \u0000 \ud800 \u2028 "é"\nsecond line';
const body = JSON.stringify(aCommentPayload(text))
  .replaceAll(':492700400,', ':9223372036854775807,')
  .replaceAll('"installation":{"id":1,', '"installation":{"id":18014398509481985,');
const welcome = {
  'POST /app/installations/18014398509481985/access_tokens': {
    status: 201,
    json: { token: 'ghs_test', expires_at: '2026-01-02T04:04:05Z' },
  },
  'GET /repos/Codertocat/Hello-World/collaborators/Codertocat/permission': {
    json: { permission: 'admin', role_name: 'admin', user: { id: 21_031_067 } },
  },
  'POST /repos/Codertocat/Hello-World/issues/comments/9223372036854775807/reactions': {
    status: 201,
    json: {},
  },
  'DELETE /installation/token': { status: 204 },
};

describe('a recorded payload', () => {
  it('reaches the ledger and the worker with nothing lost', async () => {
    const inbox = aQueue();
    const { log } = aLog();
    const receive = createGithubWebhook({
      secrets: () => Promise.resolve([aWebhookSecret]),
      mention: '@agent',
    });
    const door = createIngest({ receive, inbox: inbox.queue, log });
    expect(await door(anHttpEvent({ headers: webhookHeaders(body), body }))).toMatchObject({
      statusCode: 202,
    });

    // SQS carries printable ASCII without a doubt
    expect(inbox.sent[0]?.body).toMatch(/^[\x20-\x7e]+$/);
    expect(inboxMessageSchema.parse(JSON.parse(inbox.sent[0]!.body)).event).toMatchObject({
      thread: { tenantId: '18014398509481985' },
      trigger: { text, commentId: '9223372036854775807' },
    });

    const github = await startGithub(welcome);
    const recorded: LedgerInput<'tasks.record'>[] = [];
    const { ledger } = aLedger({
      'installations.get': ({ tenantId }) => anInstallation({ tenantId }),
      'tasks.record': (input) => {
        recorded.push(input);
        return aRecordedTask({ threadKey: threadKey(input.thread) });
      },
    });
    const lane = aQueue();
    const onMention = createMentionTriage({
      ledger,
      app: () => Promise.resolve(github.app),
      lanes: { high: lane.queue, normal: lane.queue, low: lane.queue },
      poke: () => Promise.resolve(),
      mention: '@agent',
      log,
    });
    const triage = createTriage({
      ledger,
      onMention,
      inbox: anInbox().inbox,
      deadLetters: aQueue().queue,
      log,
    });
    const { body: message, groupId } = inbox.sent[0]!;
    expect(await triage(anSqsEvent([{ body: message, groupId }]), aTimeLeft())).toStrictEqual({
      batchItemFailures: [],
    });
    await github.close();

    expect(recorded[0]).toMatchObject({
      trigger: { text, key: 'issue_comment:9223372036854775807' },
      request: { command: 'fix', text: text.slice('@agent fix '.length) },
    });
    const ring = ringSchema.parse(JSON.parse(lane.sent[0]!.body));
    expect(ring.threadKey).toBe(groupId);
    expect(lane.sent[0]?.groupId).toBe(groupId);
  });
});
