import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Ledger } from '#core/ledger.ts';
import { createLedger } from '#core/ledger.ts';
import { encodeMessage, inboxMessageSchema } from '#core/messages.ts';
import { createDeliveries } from '#db/deliveries.ts';
import { aDelivery, anInstallation, aThread, aTrigger } from '#test/builders.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import { aLog } from '#test/support/fakes.ts';
import { aLedgerOn } from '#test/support/ledger.ts';
import { aRecordInput } from '#test/support/record-input.ts';
import { secretSamples } from '#test/support/secret-samples.ts';

describe('the ledger', () => {
  let database: TestDatabase;
  let handler: (event: unknown) => Promise<unknown>;
  let ledger: Ledger;
  let logged: ReturnType<typeof aLog>;
  beforeAll(async () => {
    database = await migratedDatabase();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.clear();
    const { db } = database;
    logged = aLog();
    handler = aLedgerOn(db, logged.log);
    // as Lambda carries it: JSON there, JSON back
    const carry = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    ledger = createLedger(
      { call: async (_, payload) => carry(await handler(carry(payload))), poke: async () => {} },
      'ledger',
    );
  });

  it('keeps no secret, whatever verb brings it, and what was JSON stays that', async () => {
    const secret = secretSamples()['github-installation-token']![1]!.value;
    const text = `@agent use ${secret} 🙂`;
    await ledger('tasks.record', aRecordInput({ trigger: { text }, request: { text } }));
    const body = encodeMessage(
      aDelivery({ event: { kind: 'mention', thread: aThread(), trigger: aTrigger({ text }) } }),
    );
    await ledger('dead_letters.record', {
      messageId: randomUUID(),
      queue: 'inbox.fifo',
      groupId: 'g',
      body,
      reason: `it said ${btoa(secret)}`,
    });
    const rows = [
      await database.query('select * from tasks'),
      await database.query('select * from dead_letters'),
    ];
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(JSON.stringify(rows)).not.toContain(btoa(secret));
    const [letter] = await database.query('select body from dead_letters');
    expect(letter!['body']).toMatch(/^[\x20-\x7e]*$/); // as SQS takes it, when it is brought back
    const delivery = inboxMessageSchema.parse(JSON.parse(String(letter!['body'])));
    expect(delivery.event).toMatchObject({
      trigger: { text: '@agent use [redacted:github-installation-token] 🙂' },
    });
  });

  it('carries a request from the installation to a worker that was launched for it', async () => {
    await ledger('installations.upsert', anInstallation());
    expect(await ledger('installations.get', { platform: 'github', tenantId: '4711' })).toEqual(
      anInstallation(),
    );

    const input = aRecordInput();
    const recorded = await ledger('tasks.record', input);
    expect(recorded).toMatchObject({ created: true, lane: 'normal', status: 'queued' });
    expect(await ledger('tasks.record', input)).toEqual({ ...recorded, created: false });

    const pool = { cap: 5, warm: 0, capacity: 'spot' } as const;
    const plan = await ledger('workers.plan', pool);
    expect(plan).toMatchObject({
      wanted: 1,
      available: 0,
      launches: [{ laneOrder: ['normal', 'high', 'low'], capacity: 'spot' }],
    });
    const { workerId } = plan.launches[0]!;
    await ledger('workers.launched', { workerId, taskArn: 'arn:1' });
    expect(await database.query('select id, task_arn from workers')).toEqual([
      { id: workerId, task_arn: 'arn:1' },
    ]);
    await ledger('workers.launch_failed', { workerId, reason: 'no_capacity' });
    expect((await ledger('workers.plan', pool)).launches).toHaveLength(1);
  });

  it('has null for an installation that nobody made', async () => {
    expect(await ledger('installations.get', { platform: 'github', tenantId: '1' })).toBeNull();
  });

  it('keeps the reason of a refusal', async () => {
    const { delivery, thread, trigger } = aRecordInput();
    await ledger('deliveries.refuse', {
      delivery,
      thread,
      triggerKey: trigger.key,
      command: 'fix',
      reason: 'no_permission',
    });

    expect(await createDeliveries(database.db).find(delivery)).toEqual({
      kind: 'refused',
      reason: 'no_permission',
    });
  });

  it.each([
    ['an unknown verb', { verb: 'tasks.claim', input: { threadKey: 'x', workerId: randomUUID() } }],
    ['a name that every object has', { verb: 'constructor', input: {} }],
    ['no input', { verb: 'workers.plan' }],
    ['an input of another verb', { verb: 'tasks.record', input: { cap: 1, warm: 0 } }],
    ['a cap of zero', { verb: 'workers.plan', input: { cap: 0, warm: 0 } }],
    ['nothing', undefined],
  ])('refuses %s', async (_, event) => {
    await expect(handler(event)).rejects.toBeInstanceOf(z.ZodError);
    expect(await database.query('select * from workers')).toEqual([]);
  });

  it('logs the verb and the reason of a failure, not what was asked', async () => {
    await database.query('alter table tasks add constraint never check (false) not valid');
    const input = aRecordInput({ trigger: { text: 'a private sentence' } });
    try {
      await expect(ledger('tasks.record', input)).rejects.toThrow(/^tasks\.record failed: 23514 never$/);
      expect(logged.lines).toMatchObject([
        { level: 'error', message: 'verb failed', fields: { verb: 'tasks.record' } },
      ]);
      expect(logged.text()).not.toContain('private');
    } finally {
      await database.query('alter table tasks drop constraint never');
    }
  });
});
