import { describe, expect, it } from 'vitest';
import type { ThreadComment } from '#core/platforms/github/thread-comments.ts';
import { aTrigger } from '#test/builders.ts';
import { chooseComments } from '#worker/claude/briefing.ts';

const askedAt = '2026-01-02T03:04:05Z';
const trigger = aTrigger({ commentId: '100', createdAt: askedAt });
const aComment = (changes: Partial<ThreadComment> = {}): ThreadComment => {
  const createdAt = changes.createdAt ?? '2026-01-01T00:00:00Z';
  return {
    id: '1',
    author: 'reader',
    role: 'NONE',
    isOurs: false,
    createdAt,
    updatedAt: createdAt,
    body: 'hello',
    ...changes,
  };
};
const choose = (comments: ThreadComment[], total = comments.length) =>
  chooseComments({ comments, total }, trigger);
const bodies = (...input: Parameters<typeof choose>) => choose(...input).comments.map(({ body }) => body);

describe('the comments that the agent is told', () => {
  it('are those before the request, without the request itself', () => {
    const asking = aComment({ id: '100', createdAt: askedAt, body: '@agent fix' });
    const after = aComment({ id: '101', createdAt: '2026-01-02T03:04:06Z', body: 'and push it' });
    expect(choose([aComment(), asking, after])).toMatchObject({
      comments: [{ body: 'hello', author: 'reader', role: 'NONE' }],
      left: { older: 0, newer: 1 },
    });
  });

  it('are told apart by their ids within one second', () => {
    const at = { createdAt: askedAt };
    expect(
      bodies([aComment({ ...at, id: '99', body: 'a' }), aComment({ ...at, id: '101', body: 'b' })]),
    ).toEqual(['a']);
  });

  it.each(['2026-01-02T03:04:05Z', '2026-01-03T00:00:00Z'])(
    'lose their text when it was changed at %s',
    (updatedAt) => {
      expect(bodies([aComment({ updatedAt })])).toEqual([undefined]);
    },
  );

  it('keep a text that was changed before', () => {
    expect(bodies([aComment({ updatedAt: '2026-01-02T03:04:04Z' })])).toEqual(['hello']);
  });

  it('are the newest ones, in their order', () => {
    const many = Array.from({ length: 100 }, (_, index) => aComment({ id: `${index}`, body: `${index}` }));
    const { comments, left } = choose(many, 250);
    expect(comments.map(({ body }) => body)).toEqual(many.slice(70).map(({ body }) => body));
    expect(left).toEqual({ older: 220, newer: 0 });
  });

  it('are cut, each and all together', () => {
    const long = Array.from({ length: 20 }, () => aComment({ body: 'é'.repeat(50_000) }));
    const chosen = bodies(long);
    expect(chosen).toHaveLength(6);
    expect(chosen[0]).toMatch(/é\n\[cut\]$/);
  });
});
