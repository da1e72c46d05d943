// Two events that are not the same never share a key, and the same one always has the same.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ringDeduplicationId, ringSchema } from '#core/messages.ts';
import { createGithubWebhook } from '#core/platforms/github/webhook.ts';
import type { Thread } from '#core/task.ts';
import { threadKey } from '#core/thread-key.ts';
import { aCommentPayload, aSignature, aThread, aWebhookSecret, webhookHeaders } from '#test/builders.ts';

const id = fc.bigInt({ min: 1n, max: 99_999_999_999_999_999_999n }).map(String);
/** Few enough to meet the same one twice. */
const commentId = fc.oneof(id, fc.constantFrom('1', '11', '2', '12'));

/** The same digits, cut at two places: what is written one after the other must still differ. */
const threadOf = (digits: string) =>
  fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })).map(([first, second]) =>
    aThread({
      tenantId: digits.slice(0, first),
      repositoryId: digits.slice(first, first + second),
      number: Number(digits.slice(first + second)),
    }),
  );
const twoThreads = fc
  .stringMatching(/^[1-9]{7,9}$/)
  .chain((digits) => fc.tuple(threadOf(digits), threadOf(digits)));
const conversation = ({ tenantId, repositoryId, number }: Thread) =>
  [tenantId, repositoryId, number].join(' ');

describe('the key of a thread', () => {
  it('is shared by those who mean the same conversation, and by nobody else', () => {
    fc.assert(
      fc.property(twoThreads, ([one, other]) => {
        expect(threadKey(one) === threadKey(other)).toBe(conversation(one) === conversation(other));
        expect(threadKey({ ...one, repository: 'renamed/meanwhile' })).toBe(threadKey(one));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the deduplication id of a ring', () => {
  it('is another for another task and for another generation', () => {
    const ring = fc
      .record({ taskId: fc.uuid(), generation: fc.nat() })
      .map((parts) => ringSchema.parse({ version: 1, threadKey: 'thread', ...parts }));
    fc.assert(
      fc.property(ring, ring, fc.boolean(), (one, { taskId, generation }, isSameTask) => {
        const other = { ...one, generation, taskId: isSameTask ? one.taskId : taskId };
        const isSame = one.taskId === other.taskId && one.generation === other.generation;
        expect(ringDeduplicationId(one) === ringDeduplicationId(other)).toBe(isSame);
      }),
    );
  });
});

describe('the keys of a delivery', () => {
  const receive = createGithubWebhook({
    secrets: () => Promise.resolve([aWebhookSecret]),
    mention: '@agent',
  });
  /** What the door makes of a comment with this id, which JSON carries to its last digit. */
  const keysOf = async ({ commentId, words }: { commentId: string; words: string }) => {
    const text = JSON.stringify(aCommentPayload(`@agent fix ${words}`, { id: 'ID' })).replace(
      '"ID"',
      commentId,
    );
    const headers = { ...webhookHeaders(text), 'x-hub-signature-256': aSignature(text) };
    const inbound = await receive({ headers, body: Buffer.from(text) });
    if (inbound.kind !== 'accepted' || inbound.delivery.event.kind !== 'mention')
      throw new Error(JSON.stringify(inbound));
    const { bodySha256, event } = inbound.delivery;
    return { bodySha256, triggerKey: event.trigger.key };
  };
  const comment = fc.record({ commentId, words: fc.constantFrom('it', 'this') });

  it('are its comment’s: another comment never shares one, not even in the same words', async () => {
    await fc.assert(
      fc.asyncProperty(comment, comment, async (one, other) => {
        const [ones, others] = [await keysOf(one), await keysOf(other)];
        const isSameComment = one.commentId === other.commentId;
        expect(ones.triggerKey === others.triggerKey).toBe(isSameComment);
        expect(ones.bodySha256 === others.bodySha256).toBe(isSameComment && one.words === other.words);
      }),
      { numRuns: 300 },
    );
  });
});
