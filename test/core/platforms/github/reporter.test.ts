import { afterEach, describe, expect, it } from 'vitest';
import { markerPrefix, taskMark } from '#core/platforms/github/marker.ts';
import { createGithubReporter } from '#core/platforms/github/reporter.ts';
import { aThread } from '#test/builders.ts';
import type { Routes } from '#test/support/github-server.ts';
import { startGithub } from '#test/support/github-server.ts';

const taskId = '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a001';
const otherTask = '0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a002';
const mark = taskMark('key', taskId);
const list = 'GET /repos/octo-org/shop/issues/1/comments';
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
const report = { thread: aThread(), taskId, body: 'working on it' };

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
      [change(2)]: { json: { id: 2 } },
    });
    expect(await reporter.upsert(report)).toBe('2');
    expect(calls()).toHaveLength(2);
  });

  it.each([
    ['a person who copied the mark', aComment(2, mark, 'person')],
    ['another App', aComment(2, mark, 'other app')],
    ['ourselves for another task', aComment(2, taskMark('key', otherTask))],
    ['ourselves, quoting the mark', aComment(2, `${mark}\n\n${taskMark('key', otherTask)}`)],
    ['somebody with another key', aComment(2, taskMark('other', taskId))],
  ])('leaves alone what was written by %s', async (_, comment) => {
    const { reporter, calls } = await reporterOn({
      [list]: { json: [comment] },
      [create]: { status: 201, json: { id: 77 } },
    });
    expect(await reporter.upsert(report)).toBe('77');
    expect(calls().map((call) => call.split('?')[0])).toStrictEqual([list, create]);
  });

  it('finds it on the second page, and reads no older ones than it must', async () => {
    const many = Array.from({ length: 100 }, (_, index) => aComment(index + 10, 'talk', 'person'));
    const { reporter, calls } = await reporterOn({
      [list]: ({ path }) => ({ json: path.includes('page=2') ? [aComment(2, mark)] : many }),
      [change(2)]: { json: { id: 2 } },
    });
    expect(await reporter.upsert({ ...report, since: '2026-01-02T03:04:05Z' })).toBe('2');
    expect(calls()).toHaveLength(3);
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
});

describe('edit', () => {
  it('changes the known comment and keeps its mark', async () => {
    const { reporter, calls, bodyOf } = await reporterOn({ [change(2)]: { json: { id: 2 } } });
    expect(await reporter.edit('2', { ...report, body: 'done' })).toBe('2');
    expect(calls()).toHaveLength(1);
    expect(bodyOf(0)).toStrictEqual({ body: `done\n\n${mark}` });
  });

  it('writes another one when somebody deleted it', async () => {
    const { reporter } = await reporterOn({
      [change(2)]: { status: 404, json: { message: 'Not Found' } },
      [list]: { json: [] },
      [create]: { status: 201, json: { id: 77 } },
    });
    expect(await reporter.edit('2', report)).toBe('77');
  });
});
