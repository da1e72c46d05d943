import { verify } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createGithubAppSource, githubAppSecretSchema } from '#core/platforms/github/app-secret.ts';
import { TokenRefusedError } from '#core/platforms/github/app.ts';
import type { Routes } from '#test/support/github-server.ts';
import {
  appId,
  appKeys,
  appPrivateKey,
  primaryLimit,
  secondaryLimit,
  startGithub,
} from '#test/support/github-server.ts';

const mint = 'POST /app/installations/4711/access_tokens';
const minted = { status: 201, json: { token: 'ghs_test', expires_at: '2026-01-02T04:04:05Z' } };
const input = {
  tenantId: '4711',
  repositoryId: '99',
  repository: 'octo-org/shop',
  permissions: { issues: 'write', metadata: 'read' },
} as const;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});
const github = async (routes: Routes) => {
  const started = await startGithub(routes);
  closers.push(started.close);
  return started;
};

describe('tokenFor', () => {
  it('asks as the App for one repository and the named rights only', async () => {
    const { app, calls, bodyOf, seen } = await github({ [mint]: minted });
    expect(await app.tokenFor(input)).toStrictEqual({
      token: 'ghs_test',
      expiresAt: '2026-01-02T04:04:05Z',
    });
    expect(calls()).toStrictEqual([mint]);
    expect(bodyOf(0)).toStrictEqual({
      repository_ids: [99],
      permissions: { issues: 'write', metadata: 'read' },
    });
    const jwt = String(seen[0]?.headers['authorization']).replace('bearer ', '');
    const [head = '', claims = '', signature = ''] = jwt.split('.');
    expect(
      verify(
        'sha256',
        Buffer.from(`${head}.${claims}`),
        appKeys.publicKey,
        Buffer.from(signature, 'base64url'),
      ),
    ).toBe(true);
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ iss: appId });
  });

  it('goes by name where there is no id that JSON can carry', async () => {
    const { app, bodyOf } = await github({ [mint]: minted });
    await app.tokenFor({ ...input, repositoryId: '9223372036854775807' });
    expect(bodyOf(0)).toMatchObject({ repositories: ['shop'] });
    expect(bodyOf(0)).not.toHaveProperty('repository_ids');
  });

  it('mints anew each time: a token of another task may be revoked', async () => {
    const { app, calls } = await github({ [mint]: minted });
    await Promise.all([app.tokenFor(input), app.tokenFor(input)]);
    expect(calls()).toStrictEqual([mint, mint]);
  });

  it.each([
    [403, 'suspended'],
    [404, 'not_installed'],
    [422, 'repository_not_covered'],
  ])('says what a %i means: %s', async (status, reason) => {
    const { app } = await github({ [mint]: { status, json: { message: 'no' } } });
    const error: unknown = await app.tokenFor(input).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(TokenRefusedError);
    expect(error).toMatchObject({ reason });
  });

  it.each([
    ['cut' as const],
    [{ status: 502 }],
    [primaryLimit],
    [{ ...secondaryLimit, headers: { 'retry-after': '60' } }],
  ])('throws, once and unjudged, at %j', async (answer) => {
    const { app, calls } = await github({ [mint]: answer });
    const error: unknown = await app.tokenFor(input).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(TokenRefusedError);
    expect(calls()).toHaveLength(1);
  });
});

describe('the App', () => {
  it('revokes a token with the token itself, and takes an ended one as revoked', async () => {
    const { app, seen } = await github({
      'DELETE /installation/token': [{ status: 204 }, { status: 401, json: { message: 'Bad credentials' } }],
    });
    await app.revoke('ghs_test');
    await app.revoke('ghs_test');
    expect(seen[0]?.headers['authorization']).toBe('token ghs_test');
  });

  it('throws when a token could not be revoked', async () => {
    const { app } = await github({ 'DELETE /installation/token': { status: 500 } });
    await expect(app.revoke('ghs_test')).rejects.toThrow(/$/);
  });

  it('tells what GitHub knows of an installation', async () => {
    const { app } = await github({
      'GET /app/installations/1': { json: { id: 1, account: { login: 'octo-org' }, suspended_at: null } },
      'GET /app/installations/2': {
        json: { id: 2, account: { slug: 'octo-enterprise' }, suspended_at: '2026-01-01T00:00:00Z' },
      },
    });
    expect(await app.installation('1')).toStrictEqual({
      platform: 'github',
      tenantId: '1',
      account: 'octo-org',
      status: 'active',
    });
    expect(await app.installation('2')).toMatchObject({ account: 'octo-enterprise', status: 'suspended' });
    expect(await app.installation('3')).toBeUndefined();
  });

  it('tries a read again and then throws', async () => {
    const { app, calls } = await github({ 'GET /app/installations/1': { status: 503 } });
    await expect(app.installation('1')).rejects.toThrow(/$/);
    expect(calls()).toHaveLength(3);
  });

  it('tries a read again also after it has written', async () => {
    const { app, calls } = await github({
      [mint]: minted,
      'GET /app/installations/1': { status: 503 },
    });
    await app.tokenFor(input);
    await expect(app.installation('1')).rejects.toThrow(/$/);
    expect(calls()).toHaveLength(1 + 3);
  });

  it('waits out a short rate limit once', async () => {
    const short = { ...secondaryLimit, headers: { 'retry-after': '1' } };
    const { app, calls } = await github({ 'GET /app': [short, { json: { slug: 'agent' } }] });
    expect(await app.botLogin()).toBe('agent[bot]');
    expect(calls()).toHaveLength(2);
  });
});

describe('the secret of the App', () => {
  it.each([
    { appId: 12_345, privateKey: appPrivateKey },
    { appId: '12345', privateKey: appPrivateKey.replaceAll('\n', String.raw`\n`) },
  ])('may be written as people do', (secret) => {
    expect(githubAppSecretSchema.parse(secret)).toStrictEqual({
      appId: '12345',
      privateKey: appPrivateKey.trim(),
    });
  });

  it.each([{}, { appId: '', privateKey: appPrivateKey }, { appId: '1', privateKey: 'fill me in' }])(
    'is refused when it is %.40j',
    (secret) => {
      expect(githubAppSecretSchema.safeParse(secret).success).toBe(false);
    },
  );

  it('is read again when it changes, and makes one App until then', async () => {
    let secret: unknown = { appId: '1', privateKey: appPrivateKey };
    const source = createGithubAppSource({
      reader: { read: () => Promise.resolve(secret) },
      secretId: 'app',
      apiUrl: 'http://127.0.0.1:1',
    });
    const first = await source();
    expect(await source()).toBe(first);
    secret = { appId: '2', privateKey: appPrivateKey };
    expect(await source()).toMatchObject({ appId: '2' });
  });
});
