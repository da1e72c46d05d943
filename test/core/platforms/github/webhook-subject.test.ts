import { expect, it } from 'vitest';
import { createGithubWebhook } from '#core/platforms/github/webhook.ts';
import { aCommentPayload, aWebhookSecret, webhookHeaders } from '#test/builders.ts';

const subjectOf = async (changes: object) => {
  const payload = aCommentPayload('@agent fix it');
  const issue = { ...(payload['issue'] as object), ...changes }; // a recorded payload has one
  const body = JSON.stringify({ ...payload, issue });
  const webhook = createGithubWebhook({
    secrets: () => Promise.resolve([aWebhookSecret]),
    mention: '@agent',
  });
  const inbound = await webhook({ headers: webhookHeaders(body), body: Buffer.from(body) });
  if (inbound.kind !== 'accepted' || inbound.delivery.event.kind !== 'mention') throw new Error(inbound.kind);
  return inbound.delivery.event.trigger.subject;
};

it('carries what the issue said when it was signed, cut', async () => {
  const subject = await subjectOf({ title: 'é'.repeat(2_000), body: 'é'.repeat(20_000) });
  expect(Buffer.byteLength(subject?.title ?? '')).toBeLessThanOrEqual(1_024);
  expect(subject?.title).toMatch(/é\[cut\]$/);
  expect(Buffer.byteLength(subject?.body ?? '')).toBeLessThanOrEqual(16_384);
  expect(subject?.body).toMatch(/é\n\n\[cut: it is longer\]$/);
});

it('takes an issue without a body, of an account that is gone', async () => {
  expect(await subjectOf({ title: 'x', body: null, user: null, author_association: 'NONE' })).toEqual({
    title: 'x',
    body: '',
    author: { login: 'ghost', role: 'NONE' },
  });
});
