import { createSign, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { House } from './start-twin.ts';
import { asApp, asInstallation, asToken, mintToken, refusalOf, startTwin } from './start-twin.ts';

let clock = Date.now();
let house: House;
beforeAll(async () => {
  house = await startTwin({ now: () => clock });
});
afterAll(() => house.close());

const seconds = () => Math.floor(clock / 1000);

const jwt = (
  claims: object,
  privateKey = house.twin.app.privateKey,
  header: object = { alg: 'RS256', typ: 'JWT' },
) => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
};

const getApp = (token: string) =>
  fetch(`${house.twin.apiUrl}/app`, { headers: { authorization: `Bearer ${token}` } });

describe('the App itself', () => {
  it('proves who it is with the JWT that Octokit makes', async () => {
    const { data } = await asApp(house).request('GET /app');
    expect(data).toMatchObject({ id: house.twin.app.id, slug: house.twin.app.slug, installations_count: 1 });
  });

  it('signs with a key in PKCS#1, as GitHub hands it out', () => {
    expect(house.twin.app.privateKey).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
  });

  it.each([
    [
      'has expired',
      () => jwt({ iss: 1_042_042, iat: seconds() - 700, exp: seconds() - 1 }),
      [401, /must be a numeric value/] as const,
    ],
    [
      'lives longer than ten minutes',
      () => jwt({ iss: 1_042_042, iat: seconds(), exp: seconds() + 601 }),
      [401, /too far in the future/] as const,
    ],
    ['has no end', () => jwt({ iss: 1_042_042, iat: seconds() }), [401, /must be a numeric value/] as const],
    [
      'was issued in the future',
      () => jwt({ iss: 1_042_042, iat: seconds() + 61, exp: seconds() + 300 }),
      [401, /'Issued at' claim/] as const,
    ],
    [
      'names another App',
      () => jwt({ iss: 7, iat: seconds(), exp: seconds() + 300 }),
      [404, /Integration not found/] as const,
    ],
    [
      'is signed by another key',
      () => jwt({ iss: 1_042_042, iat: seconds(), exp: seconds() + 300 }, strangerKey()),
      [401, /could not be decoded/] as const,
    ],
    [
      'claims to need no signature',
      () => jwt({ iss: 1_042_042, iat: seconds(), exp: seconds() + 300 }, undefined, { alg: 'none' }),
      [401, /could not be decoded/] as const,
    ],
    ['is no JWT', () => 'nonsense', [401, /could not be decoded/] as const],
  ])('refuses a JWT that %s', async (_what, make, [status, message]) => {
    const answer = await getApp(make());
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({
      message: expect.stringMatching(message),
      status: String(status),
    });
  });

  it('takes a JWT at the edges: issued a minute ahead, ending in ten minutes', async () => {
    expect((await getApp(jwt({ iss: '1042042', iat: seconds() + 60, exp: seconds() + 600 }))).status).toBe(
      200,
    );
  });

  it('gives its time in the Date header, by which Octokit corrects a clock that runs behind', async () => {
    clock += 30 * 60_000;
    const { data } = await asApp(house).request('GET /app');
    expect(data?.id).toBe(house.twin.app.id);
  });

  it('finds its installation by id and by repository', async () => {
    const app = asApp(house);
    const { data: byId } = await app.request('GET /app/installations/{installation_id}', {
      installation_id: house.installationId,
    });
    const { data: byRepository } = await app.request('GET /repos/{owner}/{repo}/installation', house.at);
    expect(byRepository).toEqual(byId);
    expect(byId).toMatchObject({ id: house.installationId, app_id: house.twin.app.id, suspended_at: null });
  });

  it('has no installation where it was never installed', async () => {
    const missing = asApp(house).request('GET /app/installations/{installation_id}', { installation_id: 1 });
    expect((await refusalOf(missing)).status).toBe(404);
  });
});

const strangerKey = () =>
  generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem' })
    .toString();

describe('an installation token', () => {
  it('has the long form and lives one hour by the clock', async () => {
    const token = await mintToken(house);
    expect(token).toMatch(/^ghs_1042042_[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(token.length).toBeGreaterThan(450);
    const octokit = asToken(house, token);
    clock += 60 * 60_000 - 1;
    expect((await octokit.request('GET /repos/{owner}/{repo}', house.at)).status).toBe(200);
    clock += 1;
    expect(await refusalOf(octokit.request('GET /repos/{owner}/{repo}', house.at))).toMatchObject({
      status: 401,
    });
  });

  it('is minted by the library for one repository with the permissions it asks for', async () => {
    const { data } = await asApp(house).request('POST /app/installations/{installation_id}/access_tokens', {
      installation_id: house.installationId,
      repository_ids: [house.demo.repositoryId],
      permissions: { issues: 'read' },
    });
    expect(data.permissions).toEqual({ issues: 'read', metadata: 'read' });
    expect(data.repositories?.map(({ full_name }) => full_name)).toEqual([house.demo.repository]);
    expect(Date.parse(data.expires_at)).toBe(seconds() * 1000 + 3_600_000);
  });

  it.each([
    ['a permission the installation lacks', { permissions: { workflows: 'write' } }],
    ['more of a permission than the installation has', { permissions: { metadata: 'write' } }],
    ['a repository that is not there', { repositories: ['secret'] }],
  ])('is refused with 422 for %s', async (_what, rights) => {
    expect((await refusalOf(mintToken(house, rights))).status).toBe(422);
  });

  it('opens nothing after it was revoked', async () => {
    const octokit = await asInstallation(house);
    expect((await octokit.request('DELETE /installation/token')).status).toBe(204);
    expect(await refusalOf(octokit.request('GET /repos/{owner}/{repo}', house.at))).toMatchObject({
      status: 401,
    });
  });

  it('does not see a repository outside its scope, and may not do what it has no permission for', async () => {
    await house.twin.createRepository({ fullName: `${house.demo.owner}/other` });
    const octokit = await asInstallation(house, { permissions: { issues: 'read' } });
    const other = octokit.request('GET /repos/{owner}/{repo}', { owner: house.demo.owner, repo: 'other' });
    expect((await refusalOf(other)).status).toBe(404);
    const write = octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...house.at,
      issue_number: 1,
      body: 'hello',
    });
    expect(await refusalOf(write)).toMatchObject({
      status: 403,
      message: expect.stringContaining('Resource not accessible by integration'),
    });
  });

  it('is no use to nobody: a call without one, or with an unknown one, is a 401', async () => {
    const anonymous = await fetch(`${house.twin.apiUrl}/repos/${house.demo.repository}`);
    expect([anonymous.status, (await anonymous.json()) as unknown]).toEqual([
      401,
      expect.objectContaining({ message: 'Requires authentication' }),
    ]);
    const unknown = asToken(house, 'ghs_unknown').request('GET /repos/{owner}/{repo}', house.at);
    expect(await refusalOf(unknown)).toMatchObject({
      status: 401,
      message: expect.stringContaining('Bad credentials'),
    });
  });

  it('stops with the installation: suspended 403, uninstalled 401', async () => {
    const login = house.demo.writer;
    const { installationId } = house.twin.install({
      account: house.demo.owner,
      repositories: [house.demo.repository],
      login,
    });
    const octokit = asToken(house, await mintToken({ ...house, installationId }));
    const look = () => refusalOf(octokit.request('GET /repos/{owner}/{repo}', house.at));
    house.twin.suspend({ installationId, login });
    expect((await look()).status).toBe(403);
    expect((await refusalOf(mintToken({ ...house, installationId }))).status).toBe(403);
    house.twin.unsuspend({ installationId, login });
    expect((await look()).status).toBeUndefined();
    house.twin.uninstall({ installationId, login });
    expect((await look()).status).toBe(401);
    expect((await refusalOf(mintToken({ ...house, installationId }))).status).toBe(404);
  });

  it('never stands in the journal, but its installation does', async () => {
    const token = await mintToken(house);
    await asToken(house, token).request('GET /repos/{owner}/{repo}', house.at);
    const last = house.journal.entries().at(-1);
    expect(last).toMatchObject({
      twin: 'github',
      call: `GET /repos/${house.demo.repository}`,
      status: 200,
      detail: { installationId: house.installationId },
    });
    expect(JSON.stringify(house.journal.entries())).not.toContain('ghs_');
  });
});
