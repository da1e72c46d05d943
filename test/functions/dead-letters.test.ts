import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Delivery } from '#core/delivery.ts';
import { toDeadLetter } from '#core/dead-letter.ts';
import { createLedger } from '#core/ledger.ts';
import { encodeMessage } from '#core/messages.ts';
import { createGithubApp } from '#core/platforms/github/app.ts';
import { createGithubReporter } from '#core/platforms/github/reporter.ts';
import type { Thread, Trigger } from '#core/task.ts';
import { createTasks } from '#db/tasks.ts';
import { createAnnounce } from '#functions/handlers/announce.ts';
import { createDeadLetters } from '#functions/handlers/dead-letters.ts';
import { aDelivery, aTrigger } from '#test/builders.ts';
import type { House } from '#test/local/github/start-twin.ts';
import { asToken, startTwin } from '#test/local/github/start-twin.ts';
import { anSqsEvent } from '#test/support/aws-event.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { aLog } from '#test/support/fakes.ts';
import { aLedgerOn } from '#test/support/ledger.ts';
import { aRecordInput } from '#test/support/record-input.ts';

const done = { batchItemFailures: [] };
const failed = (...ids: string[]) => ({ batchItemFailures: ids.map((id) => ({ itemIdentifier: id })) });
const postComment = /^POST \/repos\/.*\/issues\/\d+\/comments$/;

describe('dead-letters', () => {
  let house: House;
  let database: TestDatabase;
  beforeAll(async () => {
    [house, database] = await Promise.all([startTwin(), migratedDatabase()]);
  });
  afterAll(() => Promise.all([house.close(), database.close()]));
  beforeEach(() => database.clear());
  afterEach(() => house.faults.clear());

  const setUp = ({ faulty = [] as string[] } = {}) => {
    const log = aLog();
    const handler = aLedgerOn(database.db, log.log);
    const calls: string[] = [];
    const ledger = createLedger(
      {
        call: async (_, payload) => {
          const { verb } = payload as { verb: string };
          calls.push(verb);
          if (faulty.includes(verb)) throw new Error('away');
          return await handler(payload);
        },
        poke: async () => {},
      },
      'ledger',
    );
    const { id, privateKey } = house.twin.app;
    const app = {
      ...createGithubApp({ appId: String(id), privateKey, apiUrl: house.twin.apiUrl }),
      octokitFor: (token: string) => asToken(house, token), // the twin needs no pace of a write per second
    };
    let pokes = 0;
    const deadLetters = createDeadLetters({
      ledger,
      announce: createAnnounce({ app: () => Promise.resolve(app), log: log.log }),
      poke: async () => void (pokes += 1),
      log: log.log,
    });
    return { deadLetters, calls, log, app, pokes: () => pokes };
  };

  /** An issue on the twin on which a person asked for something. */
  const anAsk = (login: string = house.demo.writer) => {
    const { repository, repositoryId } = house.demo;
    const { number } = house.twin.openIssue({ repository, login: house.demo.writer, title: 'help' });
    const { commentId, url } = house.twin.comment({ repository, number, login, body: '@agent fix it' });
    const thread: Thread = {
      platform: 'github',
      tenantId: String(house.installationId),
      repositoryId: String(repositoryId),
      repository,
      number,
      isPullRequest: false,
    };
    const trigger: Trigger = aTrigger({
      key: `issue_comment:${commentId}`,
      commentId: String(commentId),
      author: { id: String(house.twin.createAccount(login).id), login },
      url,
      createdAt: new Date(Date.now() - 60_000).toISOString(),
    });
    return { thread, trigger };
  };
  const aTask = async (ask = anAsk()) => {
    const task = await createTasks(database.db).record(aRecordInput(ask));
    const { id: taskId, threadKey, generation } = task;
    return { ...ask, taskId, threadKey, body: encodeMessage({ version: 1, threadKey, taskId, generation }) };
  };
  const mentionOf = ({ thread, trigger }: ReturnType<typeof anAsk>): Delivery =>
    aDelivery({ id: randomUUID(), event: { kind: 'mention', thread, trigger } });
  const ours = ({ number }: Thread) =>
    house.twin
      .repository(house.demo.repository)
      .issues.get(number)!
      .comments.filter(({ user }) => user.type === 'Bot')
      .map(({ body }) => body);
  const rows = () => database.query('select * from dead_letters');

  it('keeps the message, ends its task and tells the thread how it comes back', async () => {
    const { deadLetters, pokes, log } = setUp();
    const { taskId, thread, body } = await aTask();
    const event = anSqsEvent([
      {
        body,
        attributes: { DeadLetterQueueSourceArn: 'arn:aws:sqs:us-east-1:000000000000:tasks-normal.fifo' },
      },
    ]);

    expect(await deadLetters(event)).toEqual(done);

    expect(await rows()).toMatchObject([
      {
        message_id: 'message-0',
        queue: 'tasks-normal.fifo',
        group_id: 'g',
        body,
        reason: 'received too often',
        task_id: taskId,
        announced_at: expect.any(Date),
      },
    ]);
    expect(await database.query('select status from tasks')).toEqual([{ status: 'dead' }]);
    expect(ours(thread)).toEqual([expect.stringContaining(`agent-bot redrive ${taskId}`)]);
    expect(ours(thread)[0]).toMatch(/put aside.*\n\n.*what comes next on this thread runs without it/);
    expect(pokes()).toBe(1);
    expect(log.text()).not.toMatch(/fix it|ghs_/);
  });

  it('edits the comment that the task had', async () => {
    const { deadLetters } = setUp();
    const { thread, body } = await aTask();
    await deadLetters(anSqsEvent([{ body, messageId: 'first' }]));
    await deadLetters(anSqsEvent([{ body, messageId: 'another' }]));
    expect(ours(thread)).toHaveLength(1);
  });

  it('is not written over by the worker that lost the task', async () => {
    const { deadLetters, app } = setUp();
    const { thread, threadKey, taskId, body } = await aTask();
    const claimed = await createTasks(database.db).claim({ threadKey, workerId: randomUUID() });
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    const { fence } = claimed.job;
    const { appId, markerKey } = app;
    const { token } = await app.tokenFor({ ...thread, permissions: { issues: 'write' } });
    const reporter = createGithubReporter(app.octokitFor(token), { appId, markerKey });
    const report = { thread, taskId, fence, body: 'Working on it.' };
    const commentId = await reporter.upsert(report);
    await database.query("update tasks set lease_until = now() - interval '1 second'");

    expect(await deadLetters(anSqsEvent([{ body }]))).toEqual(done);
    await reporter.edit(commentId, { ...report, body: '✅ Done.' });
    await app.revoke(token);

    expect(ours(thread)).toEqual([expect.stringContaining('put aside')]);
  });

  it.each([
    ['an answer of GitHub got lost after the effect', { kind: 'answer_after', status: 502 } as const],
    ['GitHub was away', { kind: 'answer', status: 502 } as const],
    ['the connection was cut', { kind: 'reset_after' } as const],
  ])('leaves one comment though %s', async (_, fault) => {
    const { deadLetters } = setUp();
    const { thread, body } = await aTask();
    house.faults.inject({ call: postComment, fault });
    expect(await deadLetters(anSqsEvent([{ body }]))).toEqual(failed('message-0'));
    expect(await deadLetters(anSqsEvent([{ body }]))).toEqual(done);
    expect(ours(thread)).toHaveLength(1);
    expect(await rows()).toMatchObject([{ announced_at: expect.any(Date) }]);
  });

  it.each(['dead_letters.record', 'dead_letters.announced'])(
    'leaves one row and one comment though the ledger was away at %s',
    async (verb) => {
      const { thread, body } = await aTask();
      const event = anSqsEvent([{ body }]);
      expect(await setUp({ faulty: [verb] }).deadLetters(event)).toEqual(failed('message-0'));
      expect(await setUp().deadLetters(event)).toEqual(done);
      expect(ours(thread)).toHaveLength(1);
      expect(await rows()).toHaveLength(1);
    },
  );

  it('says nothing twice once it is said', async () => {
    const { deadLetters, calls } = setUp();
    const { body } = await aTask();
    await deadLetters(anSqsEvent([{ body }]));
    const before = house.journal.entries().length;
    expect(await deadLetters(anSqsEvent([{ body }]))).toEqual(done);
    expect(house.journal.entries()).toHaveLength(before);
    expect(calls.at(-1)).toBe('dead_letters.record');
  });

  it('lets the message come again, and what came after it, while a worker holds the task', async () => {
    const { deadLetters } = setUp();
    const { threadKey, thread, body } = await aTask();
    await createTasks(database.db).claim({ threadKey, workerId: randomUUID() });
    const event = anSqsEvent([
      { body, messageId: 'held', groupId: threadKey },
      { body: '{', messageId: 'behind', groupId: threadKey },
      { body: '{', messageId: 'elsewhere', groupId: 'another' },
    ]);
    expect(await deadLetters(event)).toEqual(failed('held', 'behind'));
    expect(await rows()).toMatchObject([{ message_id: 'elsewhere' }]);
    expect(ours(thread)).toEqual([]);
  });

  it('answers a mention that never became a task in a comment of its own, once', async () => {
    const { deadLetters } = setUp();
    const ask = anAsk();
    const event = anSqsEvent([{ body: encodeMessage(mentionOf(ask)) }]);
    house.faults.inject({ call: postComment, fault: { kind: 'answer_after', status: 502 } });
    expect(await deadLetters(event)).toEqual(failed('message-0'));
    expect(await deadLetters(event)).toEqual(done);
    const [letter] = await rows();
    expect(ours(ask.thread)).toEqual([expect.stringContaining(`agent-bot redrive ${letter!['id']}`)]);
  });

  it('says nothing to somebody who may not have work done', async () => {
    const { deadLetters } = setUp();
    const ask = anAsk(house.demo.reader);
    expect(await deadLetters(anSqsEvent([{ body: encodeMessage(mentionOf(ask)) }]))).toEqual(done);
    expect(ours(ask.thread)).toEqual([]);
    expect(await rows()).toMatchObject([{ announced_at: null }]);
  });

  it('keeps what is no message with the reason and the id of who put it aside, and says nothing', async () => {
    const { deadLetters } = setUp();
    const { body, attributes } = toDeadLetter({
      messageId: 'original',
      groupId: 'g',
      body: '@agent private words',
      queue: 'inbox.fifo',
      reason: 'malformed',
    });
    const before = house.journal.entries().length;
    for (const messageId of ['one', 'two'])
      expect(
        await deadLetters(anSqsEvent([{ body, messageId, messageAttributes: attributes ?? {} }])),
      ).toEqual(done);
    expect(await rows()).toMatchObject([
      { message_id: 'original', queue: 'inbox.fifo', reason: 'malformed', body },
    ]);
    expect(house.journal.entries()).toHaveLength(before);
  });

  it('goes on when nobody can be told: the thread is gone', async () => {
    const { deadLetters, log } = setUp();
    const { body } = await aTask();
    house.faults.inject({ call: postComment, fault: { kind: 'answer', status: 410 } });
    expect(await deadLetters(anSqsEvent([{ body }]))).toEqual(done);
    expect(log.lines.map(({ message }) => message)).toContain('nobody can be told');
  });

  it('leaves no token alive', () => {
    const count = (call: RegExp, status: number) =>
      house.journal.entries().filter((entry) => call.test(entry.call) && entry.status === status).length;
    expect(count(/access_tokens$/, 201)).toBeGreaterThan(0);
    expect(count(/^DELETE .*\/installation\/token$/, 204)).toBe(count(/access_tokens$/, 201));
  });
});
