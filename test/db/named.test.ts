import { DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { named } from '#db/named.ts';

const aDatabaseError = (code: string, changes: Partial<DatabaseError> = {}) =>
  Object.assign(new DatabaseError('message', 1, 'error'), { code, ...changes });

const messageOf = async (failure: unknown): Promise<string> => {
  const fail = async () => {
    throw failure;
  };
  try {
    await named('tasks', { fail }).fail();
  } catch (caught) {
    if (!(caught instanceof Error)) throw caught;
    expect(caught.cause).toBeUndefined();
    return caught.message;
  }
  throw new Error('nothing was thrown');
};

describe('what fails in the database', () => {
  it('says which verb it was and why, without the statement or its parameters', async () => {
    const cause = aDatabaseError('57014', { message: 'canceling statement due to statement timeout' });
    const error = new Error('Failed query: insert … params: what a person wrote', { cause });

    expect(await messageOf(error)).toBe(
      'tasks.fail failed: 57014 canceling statement due to statement timeout',
    );
  });

  it.each(['22P02', '23505'])('does not repeat a message that quotes values (%s)', async (code) => {
    const cause = aDatabaseError(code, { message: 'what a person wrote', detail: 'what a person wrote' });
    expect(await messageOf(cause)).toBe(`tasks.fail failed: ${code}`);
  });

  it('names the constraint that was broken', async () => {
    const cause = aDatabaseError('23514', { constraint: 'tasks_lane' });
    expect(await messageOf(cause)).toBe('tasks.fail failed: 23514 tasks_lane');
  });

  it('gives the words of an error of the connection', async () => {
    expect(await messageOf(new Error('Connection terminated'))).toBe(
      'tasks.fail failed: Error: Connection terminated',
    );
  });
});
