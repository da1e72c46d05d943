import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { House } from './start-twin.ts';
import { cloneUrl, cloneWithChange, git, mintToken, startTwin } from './start-twin.ts';

let house: House;
let token: string;
beforeAll(async () => {
  house = await startTwin();
  token = await mintToken(house);
});
afterAll(() => house.close());

const lsRemote = (secret: string) => git(house, house.folder, 'ls-remote', cloneUrl(house, secret));

describe('fetching', () => {
  it('clones by a token, over protocol version 2', async () => {
    const { folder } = await cloneWithChange(house, { token, branch: 'agent/look' });
    expect(await readFile(join(folder, 'total.js'), 'utf8')).toContain('total(price, tax)');
    const trace = await git(house, house.folder, 'ls-remote', cloneUrl(house, token));
    expect(trace.stdout).toContain(`${house.demo.headSha}\tHEAD`);
    const answer = await fetch(
      `${house.twin.webUrl}/${house.demo.repository}.git/info/refs?service=git-upload-pack`,
      {
        headers: {
          authorization: `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`,
          'git-protocol': 'version=2',
        },
      },
    );
    expect(await answer.text()).toContain('version 2');
  });

  it('gives a bare clone and a commit by its sha', async () => {
    await git(
      house,
      house.folder,
      'clone',
      '--quiet',
      '--bare',
      '--single-branch',
      cloneUrl(house, token),
      'bare.git',
    );
    const fetched = await git(
      house,
      join(house.folder, 'bare.git'),
      'fetch',
      '--quiet',
      cloneUrl(house, token),
      house.demo.headSha,
    );
    expect(fetched).toMatchObject({ ok: true });
  });

  it('asks for credentials first: 401 with WWW-Authenticate', async () => {
    const answer = await fetch(
      `${house.twin.webUrl}/${house.demo.repository}.git/info/refs?service=git-upload-pack`,
    );
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="GitHub"']);
  });

  it('fails with a wrong token, and with one that was never for this repository', async () => {
    await house.twin.createRepository({ fullName: `${house.demo.owner}/elsewhere` });
    const repositories = [`${house.demo.owner}/elsewhere`];
    const { installationId } = house.twin.install({ account: house.demo.owner, repositories, login: 'demo' });
    expect((await lsRemote('ghs_wrong')).stderr).toContain('Authentication failed');
    expect((await lsRemote(await mintToken({ ...house, installationId }))).stderr).toMatch(/not found/i);
    expect((await lsRemote(await mintToken(house, { permissions: { issues: 'write' } }))).stderr).toContain(
      '403',
    );
  });
});

describe('pushing', () => {
  it('makes a branch, and the journal names each ref that moved', async () => {
    const { folder, sha } = await cloneWithChange(house, { token, branch: 'agent/one' });
    const pushed = await git(
      house,
      folder,
      'push',
      '--quiet',
      'origin',
      'agent/one',
      `${house.demo.headSha}:refs/heads/agent/two`,
    );
    expect(pushed).toMatchObject({ ok: true });
    expect((await lsRemote(token)).stdout).toContain(`${sha}\trefs/heads/agent/one`);
    const entry = house.journal
      .entries()
      .findLast(({ call }) => call === `POST /${house.demo.repository}.git/git-receive-pack`);
    const none = '0'.repeat(40);
    expect(entry).toMatchObject({
      twin: 'git',
      status: 200,
      detail: {
        installationId: house.installationId,
        updates: [
          { ref: 'refs/heads/agent/one', old: none, new: sha },
          { ref: 'refs/heads/agent/two', old: none, new: house.demo.headSha },
        ],
      },
    });
    expect(JSON.stringify(house.journal.entries())).not.toContain('ghs_');
  });

  it('takes more than fits in one buffer, chunked and compressed', async () => {
    const { folder } = await cloneWithChange(house, { token, branch: 'agent/large' });
    const lines = Array.from({ length: 200_000 }, (_, n) => Math.imul(n, 2_654_435_761).toString(36));
    await writeFile(join(folder, 'large.txt'), lines.join('\n'));
    await git(house, folder, 'add', '--all');
    await git(house, folder, 'commit', '--quiet', '-m', 'large');
    const { stdout: sha } = await git(house, folder, 'rev-parse', 'HEAD');
    expect(await git(house, folder, 'push', '--quiet', 'origin', 'agent/large')).toMatchObject({ ok: true });
    expect((await lsRemote(token)).stdout).toContain(sha);
  });

  it('needs the permission to write contents', async () => {
    const readOnly = await mintToken(house, { permissions: { contents: 'read' } });
    const { folder } = await cloneWithChange(house, { token: readOnly, branch: 'agent/not-mine' });
    const { ok, stderr } = await git(house, folder, 'push', '--quiet', 'origin', 'agent/not-mine');
    expect([ok, stderr]).toEqual([false, expect.stringContaining('403')]);
  });

  it('never reaches the protected branch', async () => {
    const { folder } = await cloneWithChange(house, { token, branch: 'agent/main' });
    const { ok, stderr } = await git(house, folder, 'push', 'origin', 'HEAD:main');
    expect([ok, stderr]).toEqual([false, expect.stringContaining('GH006: Protected branch update failed')]);
    expect((await lsRemote(token)).stdout).toContain(`${house.demo.headSha}\trefs/heads/main`);
  });

  it('brings no workflow file without the permission for it', async () => {
    const { folder } = await cloneWithChange(house, {
      token,
      branch: 'agent/ci',
      file: '.github/workflows/own.yml',
    });
    const { ok, stderr } = await git(house, folder, 'push', 'origin', 'agent/ci');
    expect([ok, stderr]).toEqual([false, expect.stringContaining('without `workflows` permission')]);
  });

  it('of two at once to one branch lets one win and tells the other', async () => {
    const clones = await Promise.all([
      cloneWithChange(house, { token, branch: 'agent/race', file: 'a.txt' }),
      cloneWithChange(house, { token, branch: 'agent/race', file: 'b.txt' }),
    ]);
    const pushes = await Promise.all(
      clones.map(({ folder }) => git(house, folder, 'push', '--quiet', 'origin', 'agent/race')),
    );
    const winner = clones[pushes.findIndex(({ ok }) => ok)];
    expect(pushes.filter(({ ok }) => ok)).toHaveLength(1);
    expect((await lsRemote(token)).stdout).toContain(`${winner!.sha}\trefs/heads/agent/race`);
    const moved = house.journal
      .entries()
      .flatMap(({ detail }) => (detail['updates'] as { ref: string; new: string }[] | undefined) ?? []);
    expect(moved.filter(({ ref }) => ref === 'refs/heads/agent/race').map((update) => update.new)).toEqual([
      winner!.sha,
    ]);
  });

  it('that is given up half-way ends and moves nothing', async () => {
    const path = `/${house.demo.repository}.git/git-receive-pack`;
    const before = house.journal.entries().length;
    const giveUp = new AbortController();
    const push = request(`${house.twin.webUrl}${path}`, {
      method: 'POST',
      signal: giveUp.signal,
      headers: {
        authorization: `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`,
        'content-type': 'application/x-git-receive-pack-request',
        expect: '100-continue',
      },
    });
    push.on('error', () => undefined); // the hang-up that this test makes
    push.flushHeaders();
    await once(push, 'continue'); // the twin has the request and waits for its body
    push.write('00a7');
    giveUp.abort();
    const entry = await house.journal.waitFor((seen) => house.journal.entries().indexOf(seen) >= before);
    expect(entry).toMatchObject({ call: `POST ${path}`, detail: { updates: [] } });
  });
});
