// One valid thing of each kind; a test changes only what it is about.
import { createHash, createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Delivery } from '#core/delivery.ts';
import type { LedgerOutput } from '#core/ledger.ts';
import type { Installation, Request, Thread, Trigger } from '#core/task.ts';
import { threadKey } from '#core/thread-key.ts';
import type { Briefing } from '#worker/claude/briefing.ts';

export const aThread = (changes: Partial<Thread> = {}): Thread => ({
  platform: 'github',
  tenantId: '4711',
  repositoryId: '186853002',
  repository: 'octo-org/shop',
  number: 1,
  isPullRequest: false,
  ...changes,
});

export const aTrigger = (changes: Partial<Trigger> = {}): Trigger => ({
  key: 'issue_comment:492700400',
  kind: 'issue_comment',
  commentId: '492700400',
  author: { id: '21031067', login: 'octo-dev' },
  text: '@agent fix the failing test',
  url: 'https://github.com/octo-org/shop/issues/1#issuecomment-492700400',
  createdAt: '2019-05-15T15:20:21Z',
  ...changes,
});

export const aRequest = (changes: Partial<Request> = {}): Request => ({
  command: 'fix',
  text: 'the failing test',
  options: {},
  ...changes,
});

/** A thread on which nobody else has said anything. */
export const noBriefing: Briefing = { conventions: [], comments: [], left: { older: 0, newer: 0 } };

export const anInstallation = (changes: Partial<Installation> = {}): Installation => ({
  platform: 'github',
  tenantId: '4711',
  account: 'octo-org',
  status: 'active',
  ...changes,
});

export const aDelivery = (changes: Partial<Delivery> = {}): Delivery => ({
  version: 1,
  platform: 'github',
  id: '7c2b1f60-0000-4000-8000-000000000001',
  bodySha256: createHash('sha256').update('a body').digest('hex'),
  receivedAt: '2026-01-02T03:04:05.000Z',
  event: { kind: 'mention', thread: aThread(), trigger: aTrigger() },
  ...changes,
});

export const aRecordedTask = (
  changes: Partial<LedgerOutput<'tasks.record'>> = {},
): LedgerOutput<'tasks.record'> => ({
  id: '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a001',
  threadKey: threadKey(aThread()),
  lane: 'normal',
  generation: 0,
  status: 'queued',
  created: true,
  greet: null,
  answer: null,
  ...changes,
});

export const aWebhookSecret = "It's a Secret to Everybody";

type Json = { [key: string]: unknown };

// a JSON file whose own declaration calls it a module
const examples = createRequire(import.meta.url)('@octokit/webhooks-examples') as {
  name: string;
  examples: Json[];
}[];

/** A recorded payload of GitHub: the first example of this event and action that holds these keys. */
export const aRecordedPayload = (event: string, action: string | undefined, keys: string[] = []): Json => {
  const payloads = examples.find(({ name }) => name === event)?.examples ?? [];
  const found = payloads.find(
    (payload) => payload['action'] === action && keys.every((key) => key in payload),
  );
  if (!found) throw new Error(`no recorded ${event} ${action}`);
  return structuredClone(found);
};

/** A recorded comment with other words, as the App receives it. */
export const aCommentPayload = (body = '@agent fix the failing test', comment: Json = {}): Json => {
  const payload = aRecordedPayload('issue_comment', 'created', ['installation']);
  return { ...payload, comment: { ...(payload['comment'] as Json), ...comment, body } };
};

/** Signed as GitHub does it, by hand: not with the code under test. */
export const aSignature = (body: string | Uint8Array, secret = aWebhookSecret): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

export const webhookHeaders = (
  body: string | Uint8Array,
  event = 'issue_comment',
): Record<string, string> => ({
  'content-type': 'application/json',
  'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
  'x-github-event': event,
  'x-hub-signature-256': aSignature(body),
});
