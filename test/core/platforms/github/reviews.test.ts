// One review per task, whoever writes at the same time: against the twin, which has GitHub's one pending review.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ReviewInput } from '#core/platforms/github/reviews.ts';
import { createGithubReviews } from '#core/platforms/github/reviews.ts';
import type { House } from '#test/local/github/start-twin.ts';
import { asInstallation, startTwin } from '#test/local/github/start-twin.ts';
import { aPullToReview } from '#test/support/intents.ts';

const markerKey = 'a key of the test';
let house: House;
beforeAll(async () => {
  house = await startTwin();
});
afterEach(() => house.faults.clear());
afterAll(() => house.close());

type Call = { method: string; url: string };
const isCreate = ({ method, url }: Call) => method === 'POST' && url.endsWith('/reviews');
const isSubmit = ({ method, url }: Call) => method === 'POST' && url.endsWith('/events');
const isDelete = ({ method }: Call) => method === 'DELETE';

type Between = { when: 'before' | 'after'; call: (call: Call) => boolean; act: () => Promise<unknown> };

/** A worker, and what others do once while it makes a call. */
const aWriter = async (between?: Between) => {
  const octokit = await asInstallation(house);
  let left = between;
  octokit.hook.wrap('request', async (request, options) => {
    const now = left?.call(options) ? left : undefined;
    if (now) left = undefined;
    if (now?.when === 'before') await now.act();
    const answer = await request(options);
    if (now?.when === 'after') await now.act();
    return answer;
  });
  return createGithubReviews(octokit, { markerKey, botLogin: 'agent-bot[bot]' });
};

const aPull = async () => {
  const { pull, number, headSha } = await aPullToReview(house);
  const input: ReviewInput = {
    repository: house.demo.repository,
    number,
    taskId: crypto.randomUUID(),
    fence: 1,
    commitSha: headSha,
    body: 'Some comments.',
    comments: [{ path: 'long.txt', line: 10, side: 'RIGHT', body: 'Why?' }],
    wholeBody: 'Everything.',
    hold: () => Promise.resolve(),
  };
  return { pull, input };
};

const write = async (input: ReviewInput, between?: Between) => (await aWriter(between)).findOrCreate(input);

/** Writes to the reviews since then, whatever came of them. */
const writesSince = (from: number) =>
  house.journal
    .entries()
    .slice(from)
    .map(({ call }) => call)
    .filter((call) => /^(?:POST|DELETE) .*\/reviews/.test(call));

describe('a review', () => {
  it('is made pending and then submitted as a comment', async () => {
    const { pull, input } = await aPull();
    const before = house.journal.entries().length;
    const { url } = { url: '', ...(await write(input)) };
    expect(pull.reviews).toMatchObject([{ state: 'COMMENTED', comments: [{ line: 10 }] }]);
    expect(url).toMatch(new RegExp(`#pullrequestreview-${pull.reviews[0]?.id}$`));
    const bodies = house.journal
      .entries()
      .slice(before)
      .filter(({ call }) => call.includes('/reviews'));
    const [created, submitted] = bodies
      .map(({ detail }) => String(detail['body'] ?? ''))
      .filter((body) => body !== '')
      .map((body): Record<string, unknown> => JSON.parse(body));
    expect(created).not.toHaveProperty('event');
    expect(submitted).toEqual({ event: 'COMMENT', body: created?.['body'] });
  });

  it('is found again, among many, without a write', async () => {
    const { pull, input } = await aPull();
    const first = await write(input);
    const [ours] = pull.reviews;
    if (!ours) throw new Error('no review');
    pull.reviews.unshift(...Array.from({ length: 150 }, () => ({ ...ours, body: 'of another task' })));
    const from = house.journal.entries().length;
    expect(await write({ ...input, fence: 2 })).toEqual(first);
    expect(writesSince(from)).toEqual([]);
    expect(pull.reviews).toHaveLength(151);
  });

  it('is not taken for ours because somebody copied our mark', async () => {
    const { pull, input } = await aPull();
    await write(input);
    const [ours] = pull.reviews;
    if (!ours) throw new Error('no review');
    pull.reviews.splice(0, 1, { ...ours, user: house.twin.createAccount('reader') });
    await write(input);
    expect(pull.reviews).toHaveLength(2);
  });

  it('is cut to what GitHub takes, and found again', async () => {
    const { pull, input } = await aPull();
    const long = { ...input, body: 'é'.repeat(70_000) };
    await write(long);
    expect(await write(long)).toMatchObject({ kind: 'written' });
    expect(pull.reviews).toMatchObject([{ state: 'COMMENTED', comments: [{ line: 10 }] }]);
  });

  it('asks whether it may before each write, and writes nothing more when it may not', async () => {
    const { pull, input } = await aPull();
    let asked = 0;
    const hold = () => ((asked += 1) === 2 ? Promise.reject(new Error('not ours')) : Promise.resolve());
    await expect(write({ ...input, hold })).rejects.toThrow('not ours');
    expect(pull.reviews).toMatchObject([{ state: 'PENDING' }]);
  });
});

describe('two workers', () => {
  it.each<[string, Between['when'], Between['call']]>([
    ['before the first one creates', 'before', isCreate],
    ['after the first one created', 'after', isCreate],
    ['before the first one submits', 'before', isSubmit],
    ['after the first one submitted', 'after', isSubmit],
  ])('of one task write one review when the second writes %s', async (_, when, call) => {
    const { pull, input } = await aPull();
    const act = () => write({ ...input, fence: 2 });
    const reviewed = await write(input, { when, call, act });
    expect(reviewed).toEqual({ kind: 'written', url: expect.stringContaining('#pullrequestreview-') });
    expect(pull.reviews).toMatchObject([{ state: 'COMMENTED' }]);
  });

  it('of one task write one review when the second dies right after it created its own', async () => {
    const { pull, input } = await aPull();
    const dies = async () => {
      const hold = async () => {
        if (pull.reviews.length > 0) throw new Error('killed');
      };
      await write({ ...input, hold }).catch(() => {});
    };
    const from = house.journal.entries().length;
    await write(input, { when: 'before', call: isCreate, act: dies });
    // one each, and no other try without lines
    expect(writesSince(from).filter((call) => call.endsWith('/reviews'))).toHaveLength(2);
    expect(pull.reviews).toMatchObject([{ state: 'COMMENTED' }]);
  });
});

describe('what a stopped worker left pending', () => {
  const leave = async (input: ReviewInput) => {
    house.faults.inject({ call: /^POST .*\/events$/, fault: { kind: 'reset' } });
    await write(input).catch(() => {});
  };

  it('is deleted by the next task', async () => {
    const { pull, input } = await aPull();
    await leave(input);
    const next = { ...input, taskId: crypto.randomUUID(), body: 'Of the next task.' };
    await write(next);
    expect(pull.reviews).toMatchObject([
      { state: 'COMMENTED', body: expect.stringMatching(/^Of the next task\./) },
    ]);
  });

  it('may be gone when the next task deletes it', async () => {
    const { pull, input } = await aPull();
    await leave(input);
    const act = () => Promise.resolve(pull.reviews.splice(0));
    await write({ ...input, taskId: crypto.randomUUID() }, { when: 'before', call: isDelete, act });
    expect(pull.reviews).toMatchObject([{ state: 'COMMENTED' }]);
  });
});

describe('a review that GitHub does not take', () => {
  it('goes without lines when one of them is no part of the diff', async () => {
    const { pull, input } = await aPull();
    const comments = [
      ...input.comments,
      { path: 'long.txt', line: 29, side: 'RIGHT' as const, body: 'Far.' },
    ];
    await write({ ...input, comments });
    expect(pull.reviews).toMatchObject([
      { state: 'COMMENTED', comments: [], body: expect.stringMatching(/^Everything\./) },
    ]);
  });

  it.each([403, 404, 410, 422])('is refused with %d', async (status) => {
    const { input } = await aPull();
    house.faults.inject({ call: /^POST .*\/reviews$/, fault: { kind: 'answer', status }, times: 9 });
    expect(await write(input)).toEqual({ kind: 'refused', status });
  });

  it('is refused when it stays pending for ever', async () => {
    const { input } = await aPull();
    house.faults.inject({ call: /^POST .*\/events$/, fault: { kind: 'answer', status: 422 }, times: 99 });
    expect(await write(input)).toEqual({ kind: 'refused', status: 422 });
  });

  it.each([500, 429])('is tried again later after a %d', async (status) => {
    const { pull, input } = await aPull();
    house.faults.inject({ call: /^POST .*\/reviews$/, fault: { kind: 'answer_after', status } });
    await expect(write(input)).rejects.toMatchObject({ status });
    await write(input);
    expect(pull.reviews).toMatchObject([{ state: 'COMMENTED' }]);
  });
});
