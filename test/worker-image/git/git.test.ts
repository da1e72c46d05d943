import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { GitHouse } from '#test/support/worker-git.ts';
import { startGitHouse } from '#test/support/worker-git.ts';
import { fetchBranch, remoteHead } from '#worker/git/bare-repository.ts';
import { createGit } from '#worker/git/git.ts';

const plenty = 500 * 1024 * 1024;

let git: GitHouse;
beforeAll(async () => {
  git = await startGitHouse();
});
afterEach(() => git.house.faults.clear());
afterAll(() => git.close());

const filesOf = async (folder: string) => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
};

describe('git in a bare repository', () => {
  it('fetches a branch with the token', async () => {
    const bare = await git.aGit();
    expect(await fetchBranch(bare, { branch: 'main', maxBytes: plenty })).toEqual({
      kind: 'fetched',
      sha: git.house.demo.headSha,
    });
  });

  it('has no work tree, no hooks and no one else who may read it', async () => {
    const bare = await git.aGit();
    expect((await bare.run(['rev-parse', '--is-bare-repository'])).toString().trim()).toBe('true');
    expect(await readdir(bare.folder)).not.toContain('hooks');
    expect((await stat(bare.folder)).mode & 0o777).toBe(0o700);
  });

  it('shows the token to no argument and leaves it in no file', async () => {
    const bare = await git.aGit();
    const trace = join(git.folder, 'trace.json');
    const env = { GIT_TRACE2_EVENT: trace, GIT_TRACE_REDACT: '0' };
    await bare.run(['fetch', '--quiet', '--', bare.url, 'refs/heads/main'], { withToken: true, env });
    const traced = await readFile(trace, 'utf8');
    expect(traced).toContain('remote-http'); // the children are in the trace
    expect(traced).not.toContain(git.token);
    for (const file of await filesOf(bare.folder))
      expect(await readFile(file, 'latin1')).not.toContain(git.token);
  });

  it('lends the token only to commands that ask for it', async () => {
    const bare = await git.aGit();
    const { code } = await bare.attempt(['ls-remote', '--', bare.url]);
    expect(code).toBe(128);
  });

  it('gives no token to the host that a redirect leads to', async () => {
    const asked: (string | undefined)[] = [];
    const thief = createServer((req, res) => {
      asked.push(req.headers.authorization);
      res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    }).listen(0, '127.0.0.1');
    await once(thief, 'listening');
    const { port } = thief.address() as AddressInfo;
    git.house.faults.inject({
      call: /info\/refs/,
      fault: {
        kind: 'answer',
        status: 302,
        headers: { location: `http://127.0.0.1:${port}/x.git/info/refs?service=git-upload-pack` },
      },
    });
    const bare = await git.aGit();
    const { code } = await bare.attempt(['ls-remote', '--', bare.url], { withToken: true });
    thief.closeAllConnections();
    thief.close();
    expect(code).toBe(128);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter(Boolean)).toEqual([]);
  });

  it.each([
    'ext::sh -c touch% /tmp/x',
    'file:///etc',
    'ssh://git@example.com/x.git',
    'git://127.0.0.1/x.git',
  ])('goes to no other place: %s', async (url) => {
    const bare = await git.aGit();
    const { code, stderr } = await bare.attempt(['ls-remote', '--', url]);
    expect(code).toBe(128);
    expect(stderr).toContain('not allowed');
  });

  it.each(['http://github.example/o/r.git', 'ftp://127.0.0.1/r.git'])(
    'refuses to be made for %s',
    async (url) => {
      await expect(git.aGit({ url })).rejects.toThrow('git goes to https');
    },
  );

  it('reads no configuration of the machine or the person', async () => {
    const bare = await git.aGit();
    await writeFile(join(bare.folder, '.gitconfig'), '[user]\n\tname = somebody\n');
    expect((await bare.attempt(['config', 'user.name'])).code).toBe(1);
  });

  it('ends what takes too long, and what is no longer wanted', async () => {
    const stop = new AbortController();
    const bare = await git.aGit({ signal: stop.signal });
    const slow = ['cat-file', '--batch'];
    git.house.faults.inject({ call: /info\/refs/, fault: { kind: 'delay', ms: 1_000 } });
    const late = bare.run(['ls-remote', '--', bare.url], { withToken: true, deadlineMs: 100 });
    await expect(late).rejects.toThrow('git ls-remote was killed');
    git.house.faults.inject({ call: /info\/refs/, fault: { kind: 'delay', ms: 1_000 } });
    const unwanted = bare.run(['ls-remote', '--', bare.url], { withToken: true });
    stop.abort(new Error('enough'));
    await expect(unwanted).rejects.toThrow(/was killed|enough/);
    await expect(bare.run(slow)).rejects.toThrow('enough');
  });

  it('takes only so much output', async () => {
    const bare = await git.aGit();
    await expect(bare.run(['help', '-a'], { maxBytes: 100 })).rejects.toThrow('more than 100 bytes');
  });
});

describe('the base branch', () => {
  it('is missing as a value, not as an error', async () => {
    const bare = await git.aGit();
    expect(await remoteHead(bare, 'nowhere')).toBeUndefined();
    expect(await fetchBranch(bare, { branch: 'nowhere', maxBytes: plenty })).toEqual({ kind: 'missing' });
  });

  it.each(['--upload-pack=touch /tmp/pwned', '-c', '../../main', 'a b', 'main:refs/heads/evil', '*'])(
    'cannot be an option or another ref: %s',
    async (branch) => {
      const bare = await git.aGit();
      const end = await fetchBranch(bare, { branch, maxBytes: plenty }).catch(() => ({ kind: 'thrown' }));
      expect(end.kind).not.toBe('fetched');
      await expect(stat('/tmp/pwned')).rejects.toThrow('ENOENT');
    },
  );

  it('stands where the first worker found it, though it has moved on', async () => {
    await git.commitOnTwin('moving');
    const first = await remoteHead(await git.aGit(), 'moving');
    await git.commitOnTwin('moving', first);
    const bare = await git.aGit();
    expect(await fetchBranch(bare, { branch: 'moving', sha: first, maxBytes: plenty })).toEqual({
      kind: 'fetched',
      sha: first,
    });
  });

  it('is not taken for a longer one that ends the same', async () => {
    await git.commitOnTwin('x/refs/heads/tail');
    expect(await remoteHead(await git.aGit(), 'tail')).toBeUndefined();
  });

  it('may not be larger than allowed', async () => {
    const bare = await git.aGit();
    expect(await fetchBranch(bare, { branch: 'main', maxBytes: 100 })).toEqual({ kind: 'too_large' });
  });

  it('is a surprise when the connection breaks', async () => {
    git.house.faults.inject({ call: /info\/refs/, fault: { kind: 'answer', status: 502 } });
    await expect(remoteHead(await git.aGit(), 'main')).rejects.toThrow('git ls-remote ended with 128');
  });
});

it('makes the folder before it asks for anything', async () => {
  const asked: string[] = [];
  const bare = await createGit({
    folder: join(git.folder, 'deep', 'er.git'),
    url: 'https://github.example/o/r.git',
    token: () => {
      asked.push('token');
      return Promise.resolve('x');
    },
    signal: new AbortController().signal,
  });
  await bare.run(['rev-parse', '--git-dir']);
  expect(asked).toEqual([]);
});
