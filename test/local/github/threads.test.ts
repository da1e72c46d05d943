import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { House } from './start-twin.ts';
import { asInstallation, refusalOf, startTwin } from './start-twin.ts';

let house: House;
let aheadMs = 0;
let octokit: Awaited<ReturnType<typeof asInstallation>>;
beforeAll(async () => {
  house = await startTwin({ now: () => Date.now() + aheadMs });
  octokit = await asInstallation(house);
});
afterAll(() => house.close());

const permissionOf = (username: string, repo = house.at.repo) =>
  octokit.request('GET /repos/{owner}/{repo}/collaborators/{username}/permission', {
    ...house.at,
    repo,
    username,
  });

describe('who may do what', () => {
  it.each([
    ['demo', 'write', 'write'],
    ['DEMO', 'write', 'write'],
    ['reader', 'read', 'read'],
    ['stranger', 'none', 'none'],
  ])('says of %s: permission %s', async (login, permission, role) => {
    const { data } = await permissionOf(login);
    expect([data.permission, data.role_name]).toEqual([permission, role]);
    expect(data.user?.permissions?.push).toBe(permission === 'write');
  });

  it('maps maintain to write and triage to read, and lets everybody read what is public', async () => {
    const repository = await house.twin.createRepository({
      fullName: `${house.demo.owner}/public`,
      private: false,
      collaborators: { demo: 'maintain', reader: 'triage' },
    });
    const { installationId } = house.twin.install({
      account: house.demo.owner,
      repositories: [repository.fullName],
      login: 'demo',
    });
    octokit = await asInstallation({ ...house, installationId });
    const seen = await Promise.all(
      ['demo', 'reader', 'stranger'].map((login) => permissionOf(login, 'public')),
    );
    octokit = await asInstallation(house);
    expect(seen.map(({ data }) => [data.permission, data.role_name])).toEqual([
      ['write', 'maintain'],
      ['read', 'triage'],
      ['read', 'read'],
    ]);
  });

  it('answers 404 for a name that nobody has', async () => {
    expect(await refusalOf(permissionOf('nobody-at-all'))).toMatchObject({
      status: 404,
      message: expect.stringContaining('is not a user'),
    });
  });
});

describe('the repository', () => {
  it('has its default branch, the branch its commit, the ref its sha', async () => {
    const { data: repository } = await octokit.request('GET /repos/{owner}/{repo}', house.at);
    const { data: branch } = await octokit.request('GET /repos/{owner}/{repo}/branches/{branch}', {
      ...house.at,
      branch: repository.default_branch,
    });
    const { data: ref } = await octokit.request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
      ...house.at,
      ref: 'heads/main',
    });
    const { data: commit } = await octokit.request('GET /repos/{owner}/{repo}/commits/{ref}', {
      ...house.at,
      ref: 'main',
    });
    expect([branch.commit.sha, ref.object.sha, commit.sha]).toEqual([
      house.demo.headSha,
      house.demo.headSha,
      house.demo.headSha,
    ]);
    expect(branch.protected).toBe(true);
    expect(commit.files?.map(({ filename, status }) => [filename, status])).toContainEqual([
      'total.js',
      'added',
    ]);
  });

  it.each(['nothing-here', 'mai', 'main~0', '--all', 'refs/heads/main', '../main'])(
    'has no branch called %s',
    async (branch) => {
      const answer = octokit.request('GET /repos/{owner}/{repo}/branches/{branch}', { ...house.at, branch });
      expect((await refusalOf(answer)).status).toBe(404);
    },
  );
});

describe('a comment', () => {
  const comments = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments' as const;

  it('by the App is written by its bot and can be read and edited in place', async () => {
    const { data: created, status } = await octokit.request(comments, {
      ...house.at,
      issue_number: 1,
      body: 'at work',
    });
    expect(status).toBe(201);
    expect(created.user).toMatchObject({ login: 'agent-bot[bot]', type: 'Bot' });
    expect(created.performed_via_github_app?.id).toBe(house.twin.app.id);
    const one = { ...house.at, comment_id: Number(created.id) };
    await octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', {
      ...one,
      body: 'done',
    });
    const { data: read } = await octokit.request(
      'GET /repos/{owner}/{repo}/issues/comments/{comment_id}',
      one,
    );
    expect(read).toEqual({ ...created, body: 'done', updated_at: read.updated_at });
  });

  it('by a person has no App on it', async () => {
    const { commentId } = house.twin.comment({
      repository: house.demo.repository,
      number: 1,
      login: 'demo',
      body: 'hi',
    });
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/issues/comments/{comment_id}', {
      ...house.at,
      comment_id: commentId,
    });
    expect([
      data.user?.login,
      data.user?.type,
      data.performed_via_github_app,
      data.author_association,
    ]).toEqual(['demo', 'User', null, 'COLLABORATOR']);
  });

  it('that somebody deleted is gone: it can neither be read nor edited', async () => {
    const mine = { repository: house.demo.repository, login: 'demo' };
    const { commentId } = house.twin.comment({ ...mine, number: 1, body: 'regretted' });
    house.twin.deleteComment({ ...mine, commentId });
    const one = { ...house.at, comment_id: commentId, body: 'x' };
    const edit = octokit.request('PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}', one);
    expect((await refusalOf(edit)).status).toBe(404);
  });

  it('is deleted by the App once, and then not there', async () => {
    const { data } = await octokit.request(comments, { ...house.at, issue_number: 1, body: 'one too many' });
    const one = { ...house.at, comment_id: Number(data.id) };
    const remove = () => octokit.request('DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}', one);
    expect((await remove()).status).toBe(204);
    const read = octokit.request('GET /repos/{owner}/{repo}/issues/comments/{comment_id}', one);
    expect([(await refusalOf(read)).status, (await refusalOf(remove())).status]).toEqual([404, 404]);
  });

  it('needs a body that is not too long, and an issue', async () => {
    const blank = octokit.request(comments, { ...house.at, issue_number: 1, body: ' ' });
    const nowhere = octokit.request(comments, { ...house.at, issue_number: 99, body: 'x' });
    expect([(await refusalOf(blank)).status, (await refusalOf(nowhere)).status]).toEqual([422, 404]);
    const long = octokit.request(comments, { ...house.at, issue_number: 1, body: 'x'.repeat(65_537) });
    expect((await refusalOf(long)).message).toContain('too long');
  });

  it('comes in pages that link to each other', async () => {
    const { number } = house.twin.openIssue({
      repository: house.demo.repository,
      login: 'demo',
      title: 'much talk',
    });
    for (let n = 1; n <= 7; n += 1)
      house.twin.comment({ repository: house.demo.repository, number, login: 'demo', body: `${n}` });
    const bodies: (string | undefined)[][] = [];
    let next: string | undefined =
      `${house.twin.apiUrl}/repos/${house.demo.repository}/issues/${number}/comments?per_page=3`;
    while (next) {
      const answer: { data: { body?: string }[]; headers: { link?: string } } = await octokit.request({
        method: 'GET',
        url: next,
      });
      bodies.push(answer.data.map(({ body }) => body));
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.link ?? '')?.[1];
    }
    expect(bodies).toEqual([['1', '2', '3'], ['4', '5', '6'], ['7']]);
  });

  it('is left out of a list that begins after its last change', async () => {
    const mine = { repository: house.demo.repository, login: 'demo' };
    const { number } = house.twin.openIssue({ ...mine, title: 'a long story' });
    const { commentId } = house.twin.comment({ ...mine, number, body: 'first' });
    house.twin.comment({ ...mine, number, body: 'second' });
    aheadMs += 60_000;
    const since = new Date(Date.now() + aheadMs).toISOString();
    house.twin.editComment({ ...mine, commentId, body: 'first, changed' });
    const path = 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments';
    const { data } = await octokit.request(path, { ...house.at, issue_number: number, since });
    expect(data.map(({ body }) => body)).toEqual(['first, changed']);
  });

  it('takes one reaction of a kind: 201, then 200 with the same id', async () => {
    const { commentId } = house.twin.comment({
      repository: house.demo.repository,
      number: 1,
      login: 'demo',
      body: 'look',
    });
    const react = () =>
      octokit.request('POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', {
        ...house.at,
        comment_id: commentId,
        content: 'eyes',
      });
    const [first, second] = [await react(), await react()];
    expect([first.status, second.status, second.data.id]).toEqual([201, 200, first.data.id]);
    const { data } = await octokit.request('GET /repos/{owner}/{repo}/issues/comments/{comment_id}', {
      ...house.at,
      comment_id: commentId,
    });
    expect(data.reactions).toMatchObject({ total_count: 1, eyes: 1 });
  });

  it('takes no reaction that GitHub does not know', async () => {
    const answer = octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/reactions', {
      ...house.at,
      issue_number: 1,
      content: 'shrug' as 'eyes',
    });
    expect((await refusalOf(answer)).status).toBe(422);
  });
});

describe('an issue', () => {
  it('can be opened by the App, listed and read', async () => {
    const { data: created } = await octokit.request('POST /repos/{owner}/{repo}/issues', {
      ...house.at,
      title: 'found while working',
    });
    const { data: listed } = await octokit.request('GET /repos/{owner}/{repo}/issues', house.at);
    expect(listed[0]).toEqual(created);
    expect(created.user?.login).toBe('agent-bot[bot]');
  });

  it('that is not JSON or lacks its title is refused', async () => {
    const url = `${house.twin.apiUrl}/repos/${house.demo.repository}/issues`;
    const { token } = (await octokit.auth()) as { token: string };
    const post = (body: string) =>
      fetch(url, { method: 'POST', body, headers: { authorization: `token ${token}` } });
    expect([(await post('{')).status, (await post('{}')).status]).toEqual([400, 422]);
  });
});
