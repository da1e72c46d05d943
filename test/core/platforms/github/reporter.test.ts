import { afterEach, describe, expect, it } from 'vitest';
import { markerPrefix, taskMark } from '#core/platforms/github/marker.ts';
import { createGithubReporter } from '#core/platforms/github/reporter.ts';
import { aThread } from '#test/builders.ts';
import type { Routes } from '#test/support/github-server.ts';
import { startGithub } from '#test/support/github-server.ts';

const taskId = '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a001';
const otherTask = '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a002';
const markUnder = (fence: number) => taskMark('key', { taskId, fence });
const mark = markUnder(3);
const list = 'GET /repos/octo-org/shop/issues/1/comments';
const read = (id: number) => `GET /repos/octo-org/shop/issues/comments/${id}`;
const remove = (id: number) => `DELETE /repos/octo-org/shop/issues/comments/${id}`;
const create = 'POST /repos/octo-org/shop/issues/1/comments';
const change = (id: number) => `PATCH /repos/octo-org/shop/issues/comments/${id}`;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});
const reporterOn = async (routes: Routes) => {
  const github = await startGithub(routes);
  closers.push(github.close);
  const reporter = createGithubReporter(github.app.octokitFor('ghs_test'), {
    markerKey: 'key',
    appId: '12345',
    botLogin: 'agent[bot]',
  });
  return { ...github, reporter };
};

type Comment = { id: number; body: string; user: { login: string }; performed_via_github_app: unknown };
const aComment = (id: number, body: string, by: 'app' | 'bot' | 'person' | 'other app' = 'app'): Comment => ({
  id,
  body,
  user: { login: by === 'bot' ? 'agent[bot]' : 'octo-dev' },
  performed_via_github_app: by === 'app' ? { id: 12_345 } : by === 'other app' ? { id: 1 } : null,
});
const report = { thread: aThread(), taskId, fence: 3, body: 'working on it' };

describe('upsert', () => {
  it('writes the comment with its mark when there is none', async () => {
    const { reporter, bodyOf } = await reporterOn({
      [list]: { json: [aComment(1, 'hello', 'person')] },
      [create]: { status: 201, json: { id: 77 } },
    });
    expect(await reporter.upsert(report)).toBe('77');
    expect(bodyOf(1)).toStrictEqual({ body: `working on it\n\n${mark}` });
  });

  it.each(['app', 'bot'] as const)('edits the one that the %s wrote', async (by) => {
    const { reporter, calls } = await reporterOn({
      [list]: { json: [aComment(1, 'hello'), aComment(2, `old\n\n${mark}`, by)] },
      [read(2)]: { json: aComment(2, `old\n\n${mark}`, by) },
      [change(2)]: { json: { id: 2 } },
    });
    expect(await reporter.upsert(report)).toBe('2');
    expect(calls().slice(1)).toStrictEqual([read(2), change(2)]);
  });

  it.each([
    ['a person who copied the mark', aComment(2, mark, 'person')],
    ['another App', aComment(2, mark, 'other app')],
    ['ourselves for another task', aComment(2, taskMark('key', { taskId: otherTask, fence: 3 }))],
    [
      'ourselves, quoting the mark',
      aComment(2, `${mark}\n\n${taskMark('key', { taskId: otherTask, fence: 3 })}`),
    ],
    ['somebody with another key', aComment(2, taskMark('other', { taskId, fence: 3 }))],
  ])('leaves alone what was written by %s', async (_, comment) => {
    const { reporter, calls } = await reporterOn({
      [list]: { json: [comment] },
      [create]: { status: 201, json: { id: 77 } },
    });
    expect(await reporter.upsert(report)).toBe('77');
    expect(calls().map((call) => call.split('?')[0])).toStrictEqual([list, create, list]);
  });

  it('finds it on the second page, and reads no older ones than it must', async () => {
    const many = Array.from({ length: 100 }, (_, index) => aComment(index + 10, 'talk', 'person'));
    const { reporter, calls } = await reporterOn({
      [list]: ({ path }) => ({ json: path.includes('page=2') ? [aComment(2, mark)] : many }),
      [read(2)]: { json: aComment(2, mark) },
      [change(2)]: { json: { id: 2 } },
    });
    expect(await reporter.upsert({ ...report, since: '2026-01-02T03:04:05Z' })).toBe('2');
    expect(calls()).toHaveLength(4);
    expect(calls()[1]).toContain('since=2026-01-02T03%3A04%3A05Z');
  });

  it('does not write twice when the answer was lost: it throws, and the next call finds', async () => {
    const comments: Comment[] = [];
    const { reporter, calls } = await reporterOn({
      [list]: () => ({ json: comments }),
      [create]: ({ body }) => {
        comments.push(aComment(77, (JSON.parse(body) as { body: string }).body));
        return { status: 502 };
      },
      [read(77)]: () => ({ json: comments[0] }),
      [change(77)]: { json: { id: 77 } },
    });
    await expect(reporter.upsert(report)).rejects.toThrow(/$/);
    expect(await reporter.upsert(report)).toBe('77');
    expect(calls().filter((call) => call === create)).toHaveLength(1);
  });

  it('fits any text into a comment, mark included', async () => {
    const { reporter, bodyOf } = await reporterOn({
      [list]: { json: [] },
      [create]: { status: 201, json: { id: 77 } },
    });
    await reporter.upsert({ ...report, body: '😀'.repeat(40_000) });
    const { body } = bodyOf(1) as { body: string };
    expect(body.length).toBeLessThanOrEqual(65_536);
    expect(body.endsWith(mark)).toBe(true);
    expect(body).toContain(markerPrefix);
  });

  /** One that finds no comment, and while it writes its own another worker has written one. */
  const crossing = async (other: Comment) => {
    const comments: Comment[] = [];
    const github = await reporterOn({
      [list]: () => ({ json: comments }),
      [create]: ({ body }) => {
        comments.push(other, aComment(77, (JSON.parse(body) as { body: string }).body));
        return { status: 201, json: { id: 77 } };
      },
      [remove(77)]: { status: 204 },
      [remove(other.id)]: { status: 204 },
    });
    return { id: await github.reporter.upsert(report), last: github.calls().at(-1) };
  };

  it.each([
    ['a newer fence wrote', aComment(99, markUnder(4))],
    ['the same fence wrote first', aComment(76, markUnder(3))],
  ])('takes its own comment away beside one that %s', async (_, other) => {
    expect(await crossing(other)).toStrictEqual({ id: String(other.id), last: remove(77) });
  });

  it.each([
    ['an older fence wrote', aComment(5, markUnder(2))],
    ['the same fence wrote later', aComment(78, markUnder(3))],
  ])('takes the comment away that %s', async (_, other) => {
    expect(await crossing(other)).toStrictEqual({ id: '77', last: remove(other.id) });
  });

  it('takes away what is left of two', async () => {
    const both = [aComment(5, markUnder(2)), aComment(6, markUnder(3))];
    const { reporter, calls } = await reporterOn({
      [list]: { json: both },
      [remove(5)]: { status: 204 },
      [read(6)]: { json: both[1] },
      [change(6)]: { json: { id: 6 } },
    });
    expect(await reporter.upsert(report)).toBe('6');
    expect(calls().slice(1)).toStrictEqual([remove(5), read(6), change(6)]);
  });

  it('is not surprised when the other one took it away first', async () => {
    const { reporter } = await reporterOn({
      [list]: [{ json: [] }, { json: [aComment(5, markUnder(2)), aComment(77, mark)] }],
      [create]: { status: 201, json: { id: 77 } },
    });
    expect(await reporter.upsert(report)).toBe('77');
  });
});

describe('edit', () => {
  it('changes the known comment and keeps its mark', async () => {
    const { reporter, calls, bodyOf } = await reporterOn({
      [read(2)]: { json: aComment(2, mark) },
      [change(2)]: { json: { id: 2 } },
    });
    expect(await reporter.edit('2', { ...report, body: 'done' })).toBe('2');
    expect(calls()).toStrictEqual([read(2), change(2)]);
    expect(bodyOf(1)).toStrictEqual({ body: `done\n\n${mark}` });
  });

  it('leaves what was written under a newer fence', async () => {
    const { reporter, calls } = await reporterOn({
      [read(2)]: { json: aComment(2, markUnder(4)) },
      [change(2)]: { json: { id: 2 } },
    });
    expect(await reporter.edit('2', report)).toBe('2');
    expect(calls()).toStrictEqual([read(2)]);
  });

  it.each([
    ['an older fence', markUnder(2)],
    ['nobody who held the task', markUnder(0)],
    ['a release that knew no fence', mark.slice(mark.lastIndexOf('<!--'))],
    ['a fence that is not ours', mark.replace('fence=3', 'fence=4')],
    ['a person, without its mark', ''],
  ])('changes what was written under %s', async (_, end) => {
    const { reporter, calls } = await reporterOn({
      [read(2)]: { json: aComment(2, `old\n\n${end}`) },
      [change(2)]: { json: { id: 2 } },
    });
    expect(await reporter.edit('2', report)).toBe('2');
    expect(calls()).toStrictEqual([read(2), change(2)]);
  });

  it('writes another one when somebody deleted it', async () => {
    const { reporter } = await reporterOn({
      [read(2)]: { json: aComment(2, mark) },
      [change(2)]: { status: 404, json: { message: 'Not Found' } },
      [list]: { json: [] },
      [create]: { status: 201, json: { id: 77 } },
    });
    expect(await reporter.edit('2', report)).toBe('77');
  });
});
