import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aPullToReview } from '#test/support/intents.ts';
import type { House } from './start-twin.ts';
import { asInstallation, refusalOf, startTwin } from './start-twin.ts';

let house: House;
let octokit: Awaited<ReturnType<typeof asInstallation>>;
let pull: Awaited<ReturnType<typeof aPullToReview>>;
beforeAll(async () => {
  house = await startTwin();
  octokit = await asInstallation(house);
});
beforeEach(async () => {
  pull = await aPullToReview(house);
});
afterAll(() => house.close());

const reviews = 'POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews';
const at = () => ({ ...house.at, pull_number: pull.number });
const comment = { path: 'long.txt', line: 10, body: 'Why?' };
const create = (fields: Record<string, unknown> = {}) =>
  octokit.request(reviews, { ...at(), body: 'Some.', comments: [comment], ...fields });
const submit = (id: number | bigint, event: 'COMMENT' | 'APPROVE' = 'COMMENT') =>
  octokit.request('POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}/events', {
    ...at(),
    review_id: Number(id),
    event,
  });
const remove = (id: number | bigint) =>
  octokit.request('DELETE /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}', {
    ...at(),
    review_id: Number(id),
  });
const list = async () =>
  (await octokit.request('GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews', at())).data;

describe('a review', () => {
  it('without an event is pending, and one for each author', async () => {
    const { data } = await create();
    expect(data).toMatchObject({ state: 'PENDING', user: { login: 'agent-bot[bot]' } });
    expect(data).not.toHaveProperty('submitted_at');
    expect(await refusalOf(create())).toMatchObject({
      status: 422,
      message: expect.stringContaining('User can only have one pending review per pull request'),
    });
    expect(await list()).toHaveLength(1);
  });

  it('is submitted once', async () => {
    const { data } = await create();
    expect((await submit(data.id)).data).toMatchObject({ state: 'COMMENTED', commit_id: pull.headSha });
    expect(await refusalOf(submit(data.id))).toMatchObject({ status: 422 });
    expect(await refusalOf(remove(data.id))).toMatchObject({ status: 422 });
    expect((await create()).data.state).toBe('PENDING');
  });

  it('is deleted while it is pending', async () => {
    const { data } = await create();
    await remove(data.id);
    expect(await list()).toEqual([]);
    expect(await refusalOf(submit(data.id))).toMatchObject({ status: 404 });
  });

  it('of somebody else is not to be seen while it is pending', async () => {
    await create();
    const [ours] = pull.pull.reviews;
    if (ours) ours.user = house.twin.createAccount('reader');
    expect(await list()).toEqual([]);
  });

  it.each([
    ['Line could not be resolved', { comments: [comment, { ...comment, line: 1 }] }],
    ['Line could not be resolved', { comments: [{ ...comment, line: 9, side: 'LEFT' }] }],
    ['Path could not be resolved', { comments: [{ ...comment, path: 'package.json' }] }],
    ['same hunk', { comments: [{ ...comment, line: 21, start_line: 10 }] }],
    ['not part of the pull request', { commit_id: 'a'.repeat(40) }],
    ['body can not be blank', { body: '', comments: [], event: 'COMMENT' }],
  ])('is refused as a whole: %s', async (message, fields) => {
    expect(await refusalOf(create(fields))).toMatchObject({
      status: 422,
      message: expect.stringContaining(message),
    });
    expect(await list()).toEqual([]);
  });

  it('takes lines of both sides, and a range', async () => {
    await create({
      comments: [
        { ...comment, side: 'LEFT' },
        { ...comment, line: 12, start_line: 8 },
      ],
    });
    expect(pull.pull.reviews[0]?.comments).toMatchObject([{ side: 'LEFT' }, { startLine: 8, line: 12 }]);
  });

  it('needs the permission to write pull requests', async () => {
    const reader = await asInstallation(house, { permissions: { pull_requests: 'read' } });
    expect(await refusalOf(reader.request(reviews, { ...at(), body: 'x' }))).toMatchObject({ status: 403 });
  });

  it('stands on the page of its pull request, with its comments', async () => {
    await create({ comments: [{ ...comment, body: '<script>' }] });
    const page = await fetch(`${house.twin.webUrl}/${house.demo.repository}/pull/${pull.number}`);
    const text = await page.text();
    expect(text).toContain('review · pending');
    expect(text).toContain('<code>long.txt:10</code>');
    expect(text).not.toContain('<script>');
  });
});

describe('labels', () => {
  const add = (labels: string[]) =>
    octokit.request('POST /repos/{owner}/{repo}/issues/{issue_number}/labels', {
      ...house.at,
      issue_number: pull.number,
      labels,
    });
  const find = async (name: string) =>
    (await octokit.request('GET /repos/{owner}/{repo}/labels/{name}', { ...house.at, name })).data;

  it('are there in a new repository, whatever their case', async () => {
    expect(await find('BUG')).toMatchObject({ name: 'bug', default: true });
    expect(await refusalOf(find('nothing'))).toMatchObject({ status: 404 });
  });

  it('are added once each, and one that is missing is made', async () => {
    await add(['bug']);
    const { data } = await add(['Bug', 'a new one']);
    expect(data.map(({ name }) => name)).toEqual(['bug', 'a new one']);
    expect(await find('a new one')).toMatchObject({ default: false });
    const { data: issue } = await octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}', {
      ...house.at,
      issue_number: pull.number,
    });
    expect(issue.labels).toHaveLength(2);
  });

  it('send a webhook each, and stand on the page', async () => {
    house.twin.hook.url = 'http://127.0.0.1:1';
    await add(['question']);
    house.twin.hook.url = undefined;
    const sent = house.twin.deliveries().filter(({ action }) => action === 'labeled');
    expect(sent.map(({ request }) => JSON.parse(request.body))).toEqual([
      expect.objectContaining({ action: 'labeled', label: expect.objectContaining({ name: 'question' }) }),
    ]);
    const page = await fetch(`${house.twin.webUrl}/${house.demo.repository}/pull/${pull.number}`);
    expect(await page.text()).toContain('<span>question</span>');
  });
});
