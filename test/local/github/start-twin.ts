// A twin with the demo repository and the App installed on it, for one test file.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/core';
import { createFaults } from '#local/faults.ts';
import { createDemoRepository } from '#local/github/demo.ts';
import { gitEnvironment } from '#local/github/git.ts';
import { startGithubTwin } from '#local/github/twin.ts';
import { createJournal } from '#local/journal.ts';

export const webhookSecret = 'a secret of the test, long enough';

export type House = Awaited<ReturnType<typeof startTwin>>;

export const startTwin = async ({ now }: { now?: () => number } = {}) => {
  const folder = await mkdtemp(join(tmpdir(), 'github-twin-'));
  const journal = createJournal();
  const faults = createFaults();
  const twin = await startGithubTwin({
    host: '127.0.0.1',
    dataDir: join(folder, 'twin'),
    webhookSecret,
    journal,
    faults,
    ...(now ? { now } : {}),
  });
  const demo = await createDemoRepository(twin);
  const { installationId } = twin.install({
    account: demo.owner,
    repositories: [demo.repository],
    login: demo.writer,
  });
  const close = () => twin.close().finally(() => rm(folder, { recursive: true, force: true }));
  const [owner = '', repo = ''] = demo.repository.split('/');
  return { twin, demo, installationId, journal, faults, folder, close, at: { owner, repo } };
};

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The real library, as the App. */
export const asApp = ({ twin }: Pick<House, 'twin'>) =>
  new Octokit({
    baseUrl: twin.apiUrl,
    log: quiet,
    authStrategy: createAppAuth,
    auth: { appId: twin.app.id, privateKey: twin.app.privateKey },
  });

export const asToken = ({ twin }: Pick<House, 'twin'>, token: string) =>
  new Octokit({ baseUrl: twin.apiUrl, log: quiet, auth: token });

type Rights = { repositories?: string[]; permissions?: Record<string, string> };

export const mintToken = async (house: House, rights: Rights = {}): Promise<string> => {
  const { data } = await asApp(house).request('POST /app/installations/{installation_id}/access_tokens', {
    installation_id: house.installationId,
    ...rights,
  });
  return data.token;
};

/** Octokit with a fresh installation token. */
export const asInstallation = async (house: House, rights: Rights = {}) =>
  asToken(house, await mintToken(house, rights));

/** What a request threw, as far as a test looks at it. */
export const refusalOf = async (request: Promise<unknown>) => {
  const thrown: unknown = await request.then(
    () => undefined,
    (error: unknown) => error,
  );
  const { status, message } = (thrown ?? {}) as { status?: number; message?: string };
  return { status, message };
};

const execute = promisify(execFile);

/** Real git with a clean environment; gives what it printed, or what it complained of. */
export const git = async (house: House, cwd: string, ...args: string[]) => {
  const identity = ['-c', 'user.name=demo', '-c', 'user.email=demo@users.noreply.example'];
  const env = gitEnvironment(house.folder);
  return execute('git', [...identity, ...args], { cwd, env }).then(
    ({ stdout }) => ({ ok: true, stdout: stdout.trim(), stderr: '' }),
    (error: { stderr?: string }) => ({ ok: false, stdout: '', stderr: error.stderr ?? String(error) }),
  );
};

export const cloneUrl = ({ twin, demo }: House, token: string): string =>
  `${twin.webUrl.replace('http://', `http://x-access-token:${token}@`)}/${demo.repository}.git`;

/** A clone with a commit on a branch of its own, ready to be pushed. */
type Change = { token: string; branch: string; file?: string };

export const cloneWithChange = async (house: House, { token, branch, file = 'note.txt' }: Change) => {
  const folder = await mkdtemp(join(house.folder, 'clone-'));
  await git(house, folder, 'clone', '--quiet', cloneUrl(house, token), '.');
  await git(house, folder, 'checkout', '--quiet', '-b', branch);
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), `written on ${branch}\n`);
  await git(house, folder, 'add', '--all');
  await git(house, folder, 'commit', '--quiet', '-m', `a change on ${branch}`);
  const { stdout: sha } = await git(house, folder, 'rev-parse', 'HEAD');
  return { folder, sha };
};
