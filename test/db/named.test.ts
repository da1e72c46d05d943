import { DatabaseError } from 'pg';
import { describe, expect, it } from 'vitest';
import { DatabaseAwayError, named } from '#db/named.ts';

const aDatabaseError = (code: string, changes: Partial<DatabaseError> = {}) =>
  Object.assign(new DatabaseError('message', 1, 'error'), { code, ...changes });

const failing = (failure: unknown) => named('tasks', { fail: () => Promise.reject(failure) }).fail();

const messageOf = async (failure: unknown): Promise<string> => {
  try {
    await failing(failure);
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

  it.each([
    ['57P01', 'the server ends the session'],
    ['57014', 'a statement took too long'],
    ['55P03', 'a lock was not to be had'],
    ['40001', 'another transaction came between'],
    ['40P01', 'two waited for each other'],
    ['53100', 'the disk is full'],
    ['53300', 'too many connections'],
    ['25006', 'it only lets read'],
    ['08006', 'the connection broke'],
  ])('passes: %s, %s', async (code) => {
    await expect(failing(aDatabaseError(code))).rejects.toBeInstanceOf(DatabaseAwayError);
  });

  it.each(['23505', '22P02', '42P01', '28P01', '42501'])('does not pass: %s', async (code) => {
    await expect(failing(aDatabaseError(code))).rejects.not.toBeInstanceOf(DatabaseAwayError);
  });
});
