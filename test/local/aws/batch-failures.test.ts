import { describe, expect, it } from 'vitest';
import { failedIn } from '#local/aws/batch-failures.ts';

const failing = (...itemIdentifiers: unknown[]) => ({
  batchItemFailures: itemIdentifiers.map((itemIdentifier) => ({ itemIdentifier })),
});

describe('batch failures', () => {
  it.each([
    ['nothing', null],
    ['an empty object', {}],
    ['null for a list', { batchItemFailures: null }],
    ['an empty list', failing()],
  ])('takes %s for success', (_, result) => {
    expect(failedIn(result, ['a', 'b'])).toEqual(new Set());
  });

  it('finds the messages that are named', () => {
    expect(failedIn(failing('b', 'c'), ['a', 'b', 'c'])).toEqual(new Set(['b', 'c']));
  });

  it.each([
    ['no object', 'done'],
    ['no list', { batchItemFailures: 'a' }],
    ['an empty identifier', failing('')],
    ['null for an identifier', failing(null)],
    ['another key', { batchItemFailures: [{ id: 'a' }] }],
    ['a message of no such batch', failing('a', 'x')],
  ])('takes %s for the failure of all', (_, result) => {
    expect(failedIn(result, ['a', 'b'])).toEqual(new Set(['a', 'b']));
  });
});
