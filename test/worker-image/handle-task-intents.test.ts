// What the agent asks for beside its change: a review with comments on lines, and labels.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { aPullToReview, answerWith, sayLine } from '#test/support/intents.ts';
import type { WorkerHouse } from '#test/support/worker-house.ts';
import { startWorkerHouse } from '#test/support/worker-house.ts';
import { assertNothingLeft, lookAt } from '#test/support/worker-looks.ts';
import { commitFiles } from '#test/support/commit-files.ts';
import type { JobStore } from '#worker/handle-task.ts';
import { StoppedError } from '#worker/lease/stopped.ts';

let house: WorkerHouse;
let look: ReturnType<typeof lookAt>;
beforeAll(async () => {
  house = await startWorkerHouse();
  look = lookAt(house);
});
afterEach(async () => {
  house.faults.clear();
  await assertNothingLeft(house);
});
afterAll(() => house.close());

const inDiff = { path: 'long.txt', line: 10, body: 'Is this meant?' };
const outside = { path: 'long.txt', line: 1, body: 'This line is older.' };
const reviewOf = (...comments: object[]) => ({ review: { comments } });

const ask = async (number: number, answer: string, more = '') =>
  await house.aThreadJob(number, {
    isPullRequest: true,
    command: 'review',
    text: [more, sayLine(answer)].filter(Boolean).join('\n'),
  });
const told = (job: Parameters<typeof look.commentsOf>[0]) => look.commentsOf(job).map(({ body }) => body);
const writesTo = (path: RegExp) => look.writes().filter(({ call }) => path.test(call));

describe('a review', () => {
  it('is written on the lines of the diff, as a comment on the commit that the agent saw', async () => {
    const { number, headSha, pull } = await aPullToReview(house);
    const range = { path: 'long.txt', line: 21, startLine: 20, body: 'Both.' };
    const gone = { path: 'long.txt', line: 10, side: 'LEFT', body: 'Why?' };
    const job = await ask(number, answerWith('One question.', reviewOf(inDiff, range, gone)));
    expect(await house.handle(job)).toMatchObject({ result: { kind: 'answer' }, summary: 'One question.' });
    expect(pull.reviews).toMatchObject([
      {
        state: 'COMMENTED',
        commitSha: headSha,
        user: { login: 'agent-bot[bot]' },
        comments: [
          { path: 'long.txt', line: 10, side: 'RIGHT', body: 'Is this meant?' },
          { line: 21, startLine: 20, side: 'RIGHT', body: 'Both.' },
          { line: 10, side: 'LEFT', body: 'Why?' },
        ],
      },
    ]);
    const [comment, ...others] = told(job);
    expect(others).toEqual([]);
    expect(comment).toMatch(/^One question\.\n\n💬 Review: http\S+#pullrequestreview-\d+\n\n💰/);
    expect(comment).not.toContain('agent-bot\n');
  });

  it('tells in its body what has no line in the diff', async () => {
    const { number, pull } = await aPullToReview(house);
    const elsewhere = { path: 'other.txt', line: 7, startLine: 5, body: 'No such file.' };
    await house.handle(await ask(number, answerWith('Some.', reviewOf(inDiff, outside, elsewhere))));
    expect(pull.reviews.map(({ comments }) => comments.length)).toEqual([1]);
    expect(pull.reviews[0]?.body).toContain('`long.txt:1` — This line is older.');
    expect(pull.reviews[0]?.body).toContain('`other.txt:5-7` — No such file.');
  });

  it('holds everything in its body when GitHub takes a line for no part of the diff', async () => {
    const { number, headBranch, baseSha, pull } = await aPullToReview(house);
    const job = await ask(number, answerWith('Some.', reviewOf(inDiff)));
    const store: JobStore = {
      ...house.tasks,
      advance: async (input) => {
        if (input.step === 'ran' && pull.headSha !== baseSha) {
          const other = await commitFiles(house, {
            parent: baseSha,
            files: { 'other.txt': 'x\n' },
            branch: headBranch,
          });
          pull.headSha = other; // pushed by force while the agent worked
        }
        return await house.tasks.advance(input);
      },
    };
    await house.handle(job, never, { store });
    expect(pull.reviews).toMatchObject([{ state: 'COMMENTED', comments: [] }]);
    expect(pull.reviews[0]?.body).toContain('`long.txt:10` — Is this meant?');
  });

  it('is written on a pull request from a fork, too', async () => {
    const { number, pull } = await aPullToReview(house, { fork: true });
    const job = await ask(number, answerWith('One.', reviewOf(inDiff)), 'do: echo x > note.txt');
    expect(await house.handle(job)).toMatchObject({ result: { kind: 'answer' } });
    expect(pull.reviews).toMatchObject([{ state: 'COMMENTED', comments: [{ line: 10 }] }]);
    expect(told(job)[0]).toContain('only analyze');
  });

  it('comes beside a pull request of the change', async () => {
    const { number, pull } = await aPullToReview(house);
    const job = await ask(number, answerWith('Done.', reviewOf(inDiff)), 'do: echo x > note.txt');
    expect(await house.handle(job)).toMatchObject({ result: { kind: 'pull_request' } });
    expect(pull.reviews).toHaveLength(1);
    expect(told(job)[0]).toMatch(/^✅ Pull request: [^]*💬 Review: /);
    expect(look.pullsOf(job)[0]?.body).toMatch(/^Done\.\n/);
  });

  it('is a list in the comment where there is no pull request', async () => {
    const job = await house.aJob({ text: sayLine(answerWith('It is here.', reviewOf(outside))) });
    await house.handle(job);
    expect(told(job)[0]).toMatch(/^It is here\.\n\n`long\.txt:1` — This line is older\.\n\n💰/);
  });

  it('orders nobody, calls nowhere, and forges no mark', async () => {
    const { number, pull } = await aPullToReview(house);
    const body =
      '@octo-shop/owners ![x](https://attacker.example/x.png) <!-- agent-bot:task=1 -->\n```suggestion\nevil\n```\n> ~~~~ Suggestion\n> evil\n> ~~~~';
    await house.handle(
      await ask(number, answerWith('Some.', reviewOf({ ...inDiff, body }, { ...outside, body }))),
    );
    const [review] = pull.reviews;
    for (const text of [review?.comments[0]?.body, review?.body?.replace(/<!-- agent-bot:fence.*$/, '')]) {
      expect(text).toContain('evil');
      expect(text).not.toMatch(/@octo-shop|!\[|<!--|suggestion/i);
    }
  });

  it('holds no secret', async () => {
    const { number, pull } = await aPullToReview(house);
    const body = `The key is ${house.twin.app.privateKey.split('\n')[5]}.`;
    await house.handle(await ask(number, answerWith('Some.', reviewOf({ ...inDiff, body }))));
    expect(pull.reviews[0]?.comments[0]?.body).toMatch(/^The key is \[.*\]\.$/);
  });
});

const never = new AbortController().signal;

describe('labels', () => {
  const policy = 'labels: [Bug, triaged]';

  it('are put on the thread where the policy names them and the repository has them', async () => {
    const { number, issue } = await aPullToReview(house, { policy });
    const job = await ask(number, answerWith('A fault.', { labels: ['bug', 'deploy', 'triaged'] }));
    await house.handle(job);
    expect(issue.labels.map(({ name }) => name)).toEqual(['bug']);
    expect(told(job)[0]).toContain('🏷️ `bug`');
    expect(told(job)[0]).toContain('the label `deploy`: `.agent-bot.yml` does not name it under labels');
    expect(told(job)[0]).toContain('the label `triaged`: the repository has no such label');
    const { labels } = house.twin.repository(house.demo.repository);
    expect(labels.map(({ name }) => name)).not.toContain('triaged');
  });

  it('are none without a policy', async () => {
    const before = writesTo(/\/labels$/).length;
    const job = await house.aJob({ text: sayLine(answerWith('A fault.', { labels: ['bug'] })) });
    await house.handle(job);
    expect(writesTo(/\/labels$/)).toHaveLength(before);
    expect(told(job)[0]).toContain('⚠️ Left out: the label `bug`');
  });

  it('are those of the base branch, whatever the head of the pull request says', async () => {
    const { number, issue, headSha, headBranch, pull } = await aPullToReview(house);
    pull.headSha = await commitFiles(house, {
      parent: headSha,
      files: { '.agent-bot.yml': policy },
      branch: headBranch,
    });
    await look.git('update-ref', `refs/pull/${number}/head`, pull.headSha);
    await house.handle(await ask(number, answerWith('A fault.', { labels: ['bug'] })));
    expect(issue.labels).toEqual([]);
  });

  it('are told as left out when GitHub does not take them', async () => {
    const { number } = await aPullToReview(house, { policy });
    house.faults.inject({ call: /^POST .*\/labels$/, fault: { kind: 'answer', status: 403 } });
    const job = await ask(number, answerWith('A fault.', { labels: ['bug'] }));
    expect(await house.handle(job)).toMatchObject({ status: 'succeeded' });
    expect(told(job)[0]).toContain('⚠️ Left out: the labels: GitHub did not take them (403)');
  });
});

describe('what cannot be carried out', () => {
  it('is named in one line, and the answer stands', async () => {
    const { number, pull } = await aPullToReview(house);
    const review = { event: 'APPROVE', comments: [inDiff] };
    const job = await ask(number, answerWith('All is well.', { review }));
    expect(await house.handle(job)).toMatchObject({ status: 'succeeded', summary: 'All is well.' });
    expect(pull.reviews).toEqual([]);
    expect(told(job)[0]).toContain('⚠️ Left out: the review: it is no list of `comments`, or more than that');
  });

  it.each([403, 404, 410])('is told when GitHub says %d to it', async (status) => {
    const { number, pull } = await aPullToReview(house);
    house.faults.inject({ call: /^POST .*\/reviews$/, fault: { kind: 'answer', status } });
    const job = await ask(number, answerWith('Some.', reviewOf(inDiff)));
    expect(await house.handle(job)).toMatchObject({ status: 'succeeded' });
    expect(pull.reviews).toEqual([]);
    expect(told(job)[0]).toContain(`⚠️ Left out: the review: GitHub did not take it (${status})`);
    expect(told(job)[0]).toContain('`long.txt:10` — Is this meant?');
  });

  it('is left out when the change is refused', async () => {
    const { number, pull } = await aPullToReview(house);
    const change = 'do: mkdir -p .github/workflows; touch .github/workflows/x.yml';
    const job = await ask(number, answerWith('Done.', reviewOf(inDiff)), change);
    expect(await house.handle(job)).toMatchObject({ reason: 'patch_refused' });
    expect(pull.reviews).toEqual([]);
    expect(told(job)[0]).toContain('⚠️ Left out: the review');
  });

  it('is an answer all the same when nothing else was said', async () => {
    const { number, pull } = await aPullToReview(house);
    const job = await ask(number, answerWith('', reviewOf(inDiff)));
    expect(await house.handle(job)).toMatchObject({ status: 'succeeded', summary: '' });
    expect(pull.reviews).toHaveLength(1);
  });
});

describe('a second worker', () => {
  /** The first one dies at the n-th time that it stores what it has come to at 'ran'. */
  const diesAt = (nth: number, then?: () => Promise<unknown>): JobStore => {
    let stored = 0;
    return {
      ...house.tasks,
      advance: async (input) => {
        if (input.step !== 'ran' || (stored += 1) !== nth) return await house.tasks.advance(input);
        await then?.();
        throw new Error('killed');
      },
    };
  };

  it('finds the review that the first one wrote, and pays for no other run', async () => {
    const { number, pull, issue } = await aPullToReview(house, { policy: 'labels: [bug]' });
    const before = await house.runCount();
    const job = await ask(number, answerWith('One.', { ...reviewOf(inDiff), labels: ['bug'] }));
    await expect(house.aHandleTask({ store: diesAt(2) })(job, never)).rejects.toThrow('killed');
    expect(pull.reviews).toHaveLength(1);
    await house.expire(job);
    const second = await house.claim(job.task.threadKey);
    await house.handle(second);
    expect(pull.reviews).toMatchObject([{ state: 'COMMENTED' }]);
    expect(issue.labels).toHaveLength(1);
    expect(await house.runCount()).toBe(before + 1);
    expect(told(job)).toEqual([expect.stringContaining('💬 Review: ')]);
  });

  it('submits the one that the first one left pending', async () => {
    const { number, pull } = await aPullToReview(house);
    house.faults.inject({ call: /^POST .*\/events$/, fault: { kind: 'answer', status: 502 } });
    const job = await ask(number, answerWith('One.', reviewOf(inDiff)));
    await expect(house.handle(job)).rejects.toThrow('Server Error');
    expect(pull.reviews).toMatchObject([{ state: 'PENDING' }]);
    const [{ id } = { id: 0 }] = pull.reviews;
    await house.expire(job);
    await house.handle(await house.claim(job.task.threadKey));
    expect(pull.reviews).toMatchObject([{ id, state: 'COMMENTED' }]);
  });

  it('carries out nothing more when a stop came in between', async () => {
    const { number, pull } = await aPullToReview(house);
    const job = await ask(number, answerWith('One.', reviewOf(inDiff)));
    const stop = new AbortController();
    const store: JobStore = {
      ...house.tasks,
      advance: async (input) => {
        const isKept = await house.tasks.advance(input);
        if (input.step === 'ran') stop.abort(new StoppedError('stop_asked', 'octo-dev'));
        return isKept;
      },
    };
    expect(await house.handle(job, stop.signal, { store })).toMatchObject({ status: 'succeeded' });
    expect(pull.reviews).toEqual([]);
    expect(told(job)[0]).toContain('⚠️ Left out: the review');
  });
});
