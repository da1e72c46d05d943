import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { House } from './start-twin.ts';
import {
  asInstallation,
  asToken,
  cloneWithChange,
  git,
  mintToken,
  refusalOf,
  startTwin,
} from './start-twin.ts';

let house: House;
let token: string;
let octokit: ReturnType<typeof asToken>;
let branch: string;
let folder: string;
let sha: string;
let count = 0;
beforeAll(async () => {
  house = await startTwin();
  token = await mintToken(house);
  octokit = asToken(house, token);
  ({ folder } = await cloneWithChange(house, { token, branch: 'agent/first' }));
});
beforeEach(async () => {
  branch = `agent/${(count += 1)}`;
  await git(house, folder, 'checkout', '--quiet', '-b', branch);
  sha = (await git(house, folder, 'rev-parse', 'HEAD')).stdout;
  await git(house, folder, 'push', '--quiet', 'origin', branch);
});
afterAll(() => house.close());

const open = (changes: { head?: string; base?: string } = {}) =>
  octokit.request('POST /repos/{owner}/{repo}/pulls', {
    ...house.at,
    title: 'A note',
    head: branch,
    base: 'main',
    ...changes,
  });

it('opens for a pushed branch, written by the bot', async () => {
  const { data, status } = await open();
  expect(status).toBe(201);
  expect(data).toMatchObject({
    state: 'open',
    user: { login: 'agent-bot[bot]', type: 'Bot' },
    head: { ref: branch, sha, label: `${house.demo.owner}:${branch}` },
    base: { ref: 'main', sha: house.demo.headSha },
    commits: 1,
    additions: 1,
    deletions: 0,
    changed_files: 1,
  });
});

it('is one per branch: the second is a 422 that says so', async () => {
  await open();
  expect(await refusalOf(open())).toMatchObject({
    status: 422,
    message: expect.stringContaining(`A pull request already exists for ${house.demo.owner}:${branch}.`),
  });
});

it('needs something to merge: no commits between is a 422', async () => {
  await git(house, folder, 'push', '--quiet', 'origin', 'origin/main:refs/heads/agent/empty');
  expect(await refusalOf(open({ head: 'agent/empty' }))).toMatchObject({
    status: 422,
    message: expect.stringContaining('No commits between main and agent/empty'),
  });
});

it.each([
  ['head', { head: 'agent/not-there' }],
  ['head', { head: 'somebody:agent/1' }],
  ['base', { base: 'not-there' }],
])('needs a %s that exists', async (field, changes) => {
  const { status, message } = await refusalOf(open(changes));
  expect([status, message]).toEqual([422, expect.stringContaining(`"field":"${field}","code":"invalid"`)]);
});

it('is found by its head as owner:branch, its base and its state', async () => {
  const { data: created } = await open();
  const find = async (query: { head?: string; base?: string; state?: 'open' | 'closed' | 'all' }) =>
    (await octokit.request('GET /repos/{owner}/{repo}/pulls', { ...house.at, ...query })).data.map(
      ({ number }) => number,
    );
  const head = `${house.demo.owner}:${branch}`;
  expect(await find({ head })).toEqual([created.number]);
  expect(await find({ head, base: 'main' })).toEqual([created.number]);
  expect(await find({ head, base: 'other' })).toEqual([]);
  expect(await find({ head: `${house.demo.owner}:agent` })).toEqual([]);
  await octokit.request('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', {
    ...house.at,
    pull_number: created.number,
    state: 'closed',
  });
  expect(await find({ head })).toEqual([]);
  expect(await find({ head, state: 'closed' })).toEqual([created.number]);
});

it('shows the diff of real git', async () => {
  const { data } = await open();
  const answer = await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
    ...house.at,
    pull_number: data.number,
    mediaType: { format: 'diff' },
  });
  const { stdout } = await git(house, folder, 'diff', 'origin/main...HEAD');
  expect(String(answer.data).trim()).toBe(stdout);
});

it('follows its branch: a push moves its head, deleting the branch closes it', async () => {
  const { data: created } = await open();
  await git(house, folder, 'commit', '--quiet', '--allow-empty', '-m', 'more');
  await git(house, folder, 'push', '--quiet', 'origin', branch);
  const read = async () =>
    (
      await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}', {
        ...house.at,
        pull_number: created.number,
      })
    ).data;
  const { stdout: newSha } = await git(house, folder, 'rev-parse', 'HEAD');
  expect(await read()).toMatchObject({ state: 'open', commits: 2, head: { sha: newSha } });
  await git(house, folder, 'push', '--quiet', 'origin', `:${branch}`);
  expect(await read()).toMatchObject({ state: 'closed', head: { sha: newSha } });
});

it('has a thread that opens to the pull request permission, where an issue does not', async () => {
  const { data } = await open();
  const pullsOnly = await asInstallation(house, { permissions: { pull_requests: 'write' } });
  const comment = (issue_number: number) =>
    pullsOnly.request('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', {
      ...house.at,
      issue_number,
      body: 'x',
    });
  expect((await comment(data.number)).status).toBe(201);
  expect((await refusalOf(comment(1))).status).toBe(403);
});

it('cannot be merged here', async () => {
  const { data } = await open();
  const merge = octokit.request('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', {
    ...house.at,
    pull_number: data.number,
  });
  expect((await refusalOf(merge)).status).toBe(404);
});
