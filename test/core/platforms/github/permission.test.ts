import { afterEach, describe, expect, it } from 'vitest';
import { createOctokit } from '#core/platforms/github/octokit.ts';
import { permissionOf } from '#core/platforms/github/permission.ts';
import { addEyes } from '#core/platforms/github/reactions.ts';
import { createRedactor } from '#core/redact.ts';
import { aThread, aTrigger } from '#test/builders.ts';
import type { Answer } from '#test/support/http-server.ts';
import { primaryLimit, secondaryLimit, startGithub } from '#test/support/github-server.ts';

const author = { id: '21031067', login: 'octo-dev' };
const path = 'GET /repos/octo-org/shop/collaborators/octo-dev/permission';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const ask = async (answer: Answer) => {
  const { app, close } = await startGithub({ [path]: answer });
  closers.push(close);
  return await permissionOf(app.octokitFor('ghs_test'), 'octo-org/shop', author);
};
const role = (permission: string, role_name: string, id: unknown = 21_031_067): Answer => ({
  json: { permission, role_name, user: id === null ? null : { id, login: 'octo-dev' } },
});

describe('permissionOf', () => {
  it.each([
    role('admin', 'admin'),
    role('write', 'maintain'),
    role('write', 'write'),
    role('write', 'release-manager'),
    role('write', 'write', null),
  ])('grants work to %j', async (answer) => {
    expect(await ask(answer)).toMatchObject({ kind: 'granted' });
  });

  it.each([
    role('read', 'triage'),
    role('read', 'read'),
    role('none', 'none'),
    role('read', 'write'),
    role('write', 'write', 1), // the login has passed to somebody else
    { status: 404, json: { message: 'octo-dev is not a user' } },
    { status: 403, json: { message: 'Resource not accessible by integration' } },
  ] satisfies Answer[])('denies it to %j', async (answer) => {
    expect(await ask(answer)).toMatchObject({ kind: 'denied' });
  });

  it.each([
    primaryLimit,
    secondaryLimit,
    { status: 403, headers: { 'retry-after': '60' }, json: { message: 'slow down' } },
    { status: 429, headers: { 'retry-after': '60' }, json: { message: 'slow down' } },
    { status: 401, json: { message: 'Bad credentials' } },
    { status: 502, body: '<html>' },
    'cut',
  ] satisfies Answer[])('has no answer and throws at %j', async (answer) => {
    await expect(ask(answer)).rejects.toThrow(/$/);
  });

  it('has no answer and throws when GitHub is silent, after three tries', async () => {
    const { url, calls, close } = await startGithub({ [path]: 'hang' });
    closers.push(close);
    const impatient = createOctokit({
      baseUrl: url,
      auth: 'ghs_test',
      paceId: 'silent',
      redactor: createRedactor(),
      timeoutMs: 100,
    });
    await expect(permissionOf(impatient, 'octo-org/shop', author)).rejects.toThrow('timeout');
    expect(calls()).toEqual([path, path, path]);
  });
});

describe('addEyes', () => {
  it('reacts to the comment, whatever its id', async () => {
    const { app, calls, bodyOf, close } = await startGithub({
      'POST /repos/octo-org/shop/issues/comments/9223372036854775807/reactions': { status: 201, json: {} },
    });
    closers.push(close);
    await addEyes(app.octokitFor('ghs_test'), aThread(), aTrigger({ commentId: '9223372036854775807' }));
    expect(calls()).toHaveLength(1);
    expect(bodyOf(0)).toStrictEqual({ content: 'eyes' });
  });

  it('is not repeated by itself', async () => {
    const { app, calls, close } = await startGithub({
      'POST /repos/octo-org/shop/issues/comments/492700400/reactions': { status: 502 },
    });
    closers.push(close);
    await expect(addEyes(app.octokitFor('ghs_test'), aThread(), aTrigger())).rejects.toThrow(/$/);
    expect(calls()).toHaveLength(1);
  });
});
