import { afterEach, describe, expect, it } from 'vitest';
import type { Delivery } from '#core/delivery.ts';
import { encodeMessage, ringSchema } from '#core/messages.ts';
import { createMentionTriage } from '#functions/handlers/mention.ts';
import { createTriage } from '#functions/handlers/triage.ts';
import { aDelivery, anInstallation, aRecordedTask, aThread, aTrigger } from '#test/builders.ts';
import { anSqsEvent, aTimeLeft } from '#test/support/aws-event.ts';
import { aLedger, aLog, anInbox, aQueue } from '#test/support/fakes.ts';
import type { Routes } from '#test/support/github-server.ts';
import { secondaryLimit, startGithub } from '#test/support/github-server.ts';

const mint = 'POST /app/installations/4711/access_tokens';
const permission = 'GET /repos/octo-org/shop/collaborators/octo-dev/permission';
const react = 'POST /repos/octo-org/shop/issues/comments/492700400/reactions';
const revoke = 'DELETE /installation/token';
const look = 'GET /app/installations/4711';
const welcome: Routes = {
  [mint]: { status: 201, json: { token: 'ghs_test', expires_at: '2026-01-02T04:04:05Z' } },
  [permission]: { json: { permission: 'write', role_name: 'write', user: { id: 21_031_067 } } },
  [react]: { status: 201, json: { id: 1 } },
  [revoke]: { status: 204 },
};

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const setUp = async ({
  routes = {} as Routes,
  installation = anInstallation() as ReturnType<typeof anInstallation> | null,
  task = aRecordedTask(),
  queue = aQueue(),
  aside = aQueue(),
  poke = () => Promise.resolve(),
} = {}) => {
  const github = await startGithub({ ...welcome, ...routes });
  closers.push(github.close);
  const ledger = aLedger({
    'installations.get': () => installation,
    'installations.upsert': () => null,
    'tasks.record': () => task,
    'deliveries.refuse': () => null,
  });
  const log = aLog();
  const pokes: string[] = [];
  const onMention = createMentionTriage({
    ledger: ledger.ledger,
    app: () => Promise.resolve(github.app),
    lanes: { high: aQueue().queue, normal: queue.queue, low: aQueue().queue },
    poke: async () => {
      pokes.push('reconcile');
      await poke();
    },
    mention: '@agent',
    log: log.log,
  });
  const handler = createTriage({
    ledger: ledger.ledger,
    onMention,
    inbox: anInbox().inbox,
    deadLetters: aside.queue,
    log: log.log,
  });
  const triage = (...deliveries: Delivery[]) =>
    handler(anSqsEvent(deliveries.map((delivery) => ({ body: encodeMessage(delivery) }))), aTimeLeft());
  return { github, ledger, log, pokes, sent: queue.sent, aside: aside.sent, handler, triage };
};
const done = { batchItemFailures: [] };
const failed = (...ids: string[]) => ({
  batchItemFailures: ids.map((id) => ({ itemIdentifier: id })),
});

describe('a mention by somebody who may', () => {
  it('is seen, recorded and rung, with a token of the least rights that ends with it', async () => {
    const { triage, github, ledger, sent, pokes } = await setUp();
    expect(await triage(aDelivery())).toStrictEqual(done);
    expect(github.calls()).toStrictEqual([mint, permission, react, revoke]);
    expect(github.bodyOf(0)).toStrictEqual({
      repository_ids: [186_853_002],
      permissions: { issues: 'write', metadata: 'read' },
    });
    expect(ledger.inputsOf('tasks.record')).toStrictEqual([
      {
        delivery: {
          platform: 'github',
          id: aDelivery().id,
          bodySha256: aDelivery().bodySha256,
          receivedAt: aDelivery().receivedAt,
        },
        thread: aThread(),
        trigger: aTrigger(),
        request: { command: 'fix', text: 'the failing test', options: {} },
      },
    ]);
    const { id, threadKey } = aRecordedTask();
    expect(sent).toStrictEqual([
      { body: expect.any(String) as string, groupId: threadKey, deduplicationId: `${id}:0` },
    ]);
    expect(ringSchema.parse(JSON.parse(sent[0]!.body))).toStrictEqual({
      version: 1,
      threadKey,
      taskId: id,
      generation: 0,
    });
    expect(pokes).toHaveLength(1);
  });

  it.each(['queued', 'running', 'waiting'] as const)(
    'rings again for a repeat while the task is %s',
    async (status) => {
      const { triage, sent } = await setUp({
        task: aRecordedTask({ created: false, status, generation: 4 }),
      });
      expect(await triage(aDelivery())).toStrictEqual(done);
      expect(sent[0]?.deduplicationId).toMatch(/:4$/);
    },
  );

  it.each(['succeeded', 'failed', 'cancelled', 'timed_out', 'expired'] as const)(
    'does not ring for a task that is %s',
    async (status) => {
      const { triage, sent, pokes } = await setUp({ task: aRecordedTask({ created: false, status }) });
      expect(await triage(aDelivery())).toStrictEqual(done);
      expect(sent).toHaveLength(0);
      expect(pokes).toHaveLength(0);
    },
  );

  it.each([404, 410, 422])('is recorded though its comment takes no reaction: %i', async (status) => {
    const { triage, sent } = await setUp({ routes: { [react]: { status, json: { message: 'no' } } } });
    expect(await triage(aDelivery())).toStrictEqual(done);
    expect(sent).toHaveLength(1);
  });

  it('is rung though nobody hears the poke, and though the token lives on for its hour', async () => {
    const { triage, sent, log } = await setUp({
      routes: { [revoke]: { status: 500 } },
      poke: () => Promise.reject(new Error('no answer')),
    });
    expect(await triage(aDelivery())).toStrictEqual(done);
    expect(sent).toHaveLength(1);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
  });
});

describe('a mention by somebody who may not', () => {
  it.each([
    ['reads only', { json: { permission: 'read', role_name: 'triage', user: { id: 21_031_067 } } }],
    ['is a stranger', { status: 404, json: { message: 'Not Found' } }],
    ['is hidden from us', { status: 403, json: { message: 'Resource not accessible by integration' } }],
    ['has another account’s name', { json: { permission: 'admin', role_name: 'admin', user: { id: 1 } } }],
  ])('is refused without a sign on the thread: the author %s', async (_, answer) => {
    const { triage, github, ledger, sent } = await setUp({ routes: { [permission]: answer } });
    expect(await triage(aDelivery())).toStrictEqual(done);
    expect(github.calls()).toStrictEqual([mint, permission, revoke]);
    expect(ledger.inputsOf('tasks.record')).toHaveLength(0);
    expect(ledger.inputsOf('deliveries.refuse')).toMatchObject([
      { reason: 'no_permission', command: 'fix', triggerKey: 'issue_comment:492700400' },
    ]);
    expect(sent).toHaveLength(0);
  });

  it.each([
    [403, 'suspended'],
    [404, 'not_installed'],
    [422, 'repository_not_covered'],
  ])('is refused when GitHub gives no token, with %i: %s', async (status, reason) => {
    const { triage, ledger } = await setUp({ routes: { [mint]: { status, json: { message: 'no' } } } });
    expect(await triage(aDelivery())).toStrictEqual(done);
    expect(ledger.inputsOf('deliveries.refuse')).toMatchObject([{ reason }]);
  });
});

describe('an installation that is not known as active', () => {
  it.each([null, anInstallation({ status: 'suspended' }), anInstallation({ status: 'deleted' })])(
    'is asked of GitHub, and believed: %j',
    async (installation) => {
      const { triage, ledger, sent } = await setUp({
        installation,
        routes: { [look]: { json: { account: { login: 'octo-org' }, suspended_at: null } } },
      });
      expect(await triage(aDelivery())).toStrictEqual(done);
      expect(ledger.inputsOf('installations.upsert')).toStrictEqual([anInstallation()]);
      expect(sent).toHaveLength(1);
    },
  );

  it('is refused when GitHub does not know it', async () => {
    const { triage, ledger, github } = await setUp({ installation: null });
    expect(await triage(aDelivery())).toStrictEqual(done);
    expect(github.calls()).toStrictEqual([look]);
    expect(ledger.inputsOf('deliveries.refuse')).toMatchObject([{ reason: 'not_installed' }]);
  });

  it('is refused while it is suspended', async () => {
    const { triage, ledger } = await setUp({
      installation: anInstallation({ status: 'suspended' }),
      routes: { [look]: { json: { account: { login: 'octo-org' }, suspended_at: '2026-01-01T00:00:00Z' } } },
    });
    expect(await triage(aDelivery())).toStrictEqual(done);
    expect(ledger.inputsOf('deliveries.refuse')).toMatchObject([{ reason: 'suspended' }]);
  });
});

describe('no clear answer', () => {
  const limited = { ...secondaryLimit, headers: { 'retry-after': '60' } };
  it.each([
    ['permission', permission, { status: 502 }],
    ['permission', permission, 'cut' as const],
    ['permission', permission, { status: 429, headers: { 'retry-after': '60' } }],
    ['permission', permission, limited],
    ['token', mint, { status: 500 }],
    ['reaction', react, limited],
    ['reaction', react, { status: 502 }],
  ])('to the question for the %s goes back to the queue (%s, %j)', async (...[, route, answer]) => {
    const { triage, ledger, sent, log } = await setUp({ routes: { [route]: answer } });
    expect(await triage(aDelivery())).toStrictEqual(failed('message-0'));
    expect(ledger.inputsOf('tasks.record')).toHaveLength(0);
    expect(ledger.inputsOf('deliveries.refuse')).toHaveLength(0);
    expect(sent).toHaveLength(0);
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', fields: { messageId: 'message-0' } });
  });

  it('of the lane goes back to the queue after the task was recorded, and heals with the next receive', async () => {
    let isAway = true;
    const queue = aQueue(() => (isAway ? new Error('away') : undefined));
    const { triage, sent } = await setUp({ queue });
    expect(await triage(aDelivery())).toStrictEqual(failed('message-0'));
    isAway = false;
    expect(await triage(aDelivery())).toStrictEqual(done);
    expect(sent).toHaveLength(1);
  });
});

describe('a batch', () => {
  it('gives back a failure and what came after it on its thread, and goes on with the others', async () => {
    const { handler, sent } = await setUp({
      routes: { [mint]: [{ status: 500 }, welcome[mint] as { status: 201 }] },
    });
    const body = encodeMessage(aDelivery());
    const answer = await handler(
      anSqsEvent([
        { body, groupId: 'a', messageId: 'a1' },
        { body, groupId: 'b', messageId: 'b1' },
        { body, groupId: 'a', messageId: 'a2' },
      ]),
      aTimeLeft(),
    );
    expect(answer).toStrictEqual(failed('a1', 'a2'));
    expect(sent).toHaveLength(1);
  });

  it.each(['{', '{}', '"@agent private words"', JSON.stringify({ ...aDelivery(), version: 2 })])(
    'puts aside what is no delivery, says why, and logs none of it: %.20s',
    async (body) => {
      const { handler, log, ledger, aside } = await setUp();
      expect(await handler(anSqsEvent([{ body }]), aTimeLeft())).toStrictEqual(done);
      expect(aside).toStrictEqual([
        {
          body,
          groupId: 'g',
          deduplicationId: 'message-0',
          attributes: { reason: 'malformed', queue: 'inbox.fifo', messageId: 'message-0' },
        },
      ]);
      expect(log.text()).not.toContain('private words');
      expect(ledger.calls).toHaveLength(0);
    },
  );

  it('gives back what it could not put aside', async () => {
    const { handler } = await setUp({ aside: aQueue(() => new Error('away')) });
    expect(await handler(anSqsEvent([{ body: '{' }]), aTimeLeft())).toStrictEqual(failed('message-0'));
  });

  it('records what happened to an installation', async () => {
    const { triage, ledger, github } = await setUp();
    const installation = anInstallation({ status: 'suspended' });
    expect(await triage(aDelivery({ event: { kind: 'installation', installation } }))).toStrictEqual(done);
    expect(ledger.calls).toStrictEqual([{ verb: 'installations.upsert', input: installation }]);
    expect(github.calls()).toHaveLength(0);
  });

  it('logs ids, and neither words nor tokens', async () => {
    const { triage, log } = await setUp();
    const trigger = aTrigger({ text: '@agent fix private words' });
    await triage(aDelivery({ event: { kind: 'mention', thread: aThread(), trigger } }));
    expect(log.text()).not.toMatch(/private words|ghs_test|PRIVATE KEY/);
    expect(log.text()).toContain(aDelivery().id);
  });
});
