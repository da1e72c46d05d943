import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import type { ReconcileHouse } from '#test/support/reconcile-house.ts';
import { crashAt, startReconcileHouse } from '#test/support/reconcile-house.ts';

describe('reconcile, with the ledger, Postgres, lanes and ECS', () => {
  let database: TestDatabase;
  let house: ReconcileHouse;
  beforeAll(async () => {
    database = await migratedDatabase();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.clear();
    house = await startReconcileHouse(database);
  });
  afterEach(() => house.close());

  describe('the event of a worker that has stopped', () => {
    const stopped = (taskArn: string) => ({
      'detail-type': 'ECS Task State Change',
      detail: { taskArn, lastStatus: 'STOPPED', stoppedReason: 'Essential container in task exited' },
    });

    it('ends its row at once, so that its thread gets the next worker', async () => {
      await house.record(1);
      await house.reconcile();
      const { id, task_arn: taskArn } = await house.onlyRow();
      await house.workers.beat(id);
      await house.reconcile();
      expect(house.launches()).toHaveLength(1); // it beats: it will come for the thread

      await house.reconcile({}, undefined, stopped(String(taskArn)));
      expect((await house.rows())[0]).toMatchObject({ end_reason: 'Essential container in task exited' });
      expect(house.launches()).toHaveLength(2);
    });

    it.each([{}, { 'detail-type': 'Scheduled Event' }, stopped('arn:of:another'), null])(
      'is nothing when it is %j',
      async (event) => {
        await house.record(1);
        await house.reconcile({}, undefined, event);
        expect(await house.onlyRow()).toMatchObject({ ended_at: null });
      },
    );
  });

  describe('bells', () => {
    it('rings on its lane for a wait that is over, and once', async () => {
      const { threadKey, id } = await house.record(1);
      await house.tasks.wait({ ...(await house.claim(threadKey)), reason: 'model_away', afterMs: 60_000 });
      await house.reconcile();
      expect(await house.ringsOn('normal')).toEqual([]);

      await house.passes(61);
      await house.reconcile();
      await house.reconcile();
      expect(await house.ringsOn('normal')).toEqual([{ version: 1, threadKey, taskId: id, generation: 1 }]);
      expect(house.launches()).toHaveLength(1); // in the same run: what was rung for is worked on
    });

    it('sends one message when it crashes between the send and the mark', async () => {
      const { threadKey, id } = await house.record(1);
      await house.tasks.wait({ ...(await house.claim(threadKey)), reason: 'frozen' });
      await house.tasks.requeue(id);

      await expect(house.reconcile({}, crashAt('bells.rung'))).rejects.toThrow('bells');
      await house.reconcile();
      const sends = house.journal.entries().filter(({ call }) => call.includes('SendMessage'));
      expect(sends).toHaveLength(2);
      expect(await house.ringsOn('normal')).toHaveLength(1);
      await house.reconcile();
      expect(await house.ringsOn('normal')).toEqual([]);
    });

    it('heals a ring that came to nothing', async () => {
      const { id } = await house.record(1);
      await house.passes(16 * 60);
      await house.reconcile();
      expect(await house.ringsOn('normal')).toMatchObject([{ taskId: id, generation: 0 }]);
    });

    it('lets no bell wait for another, and launches all the same, when a send fails', async () => {
      for (const number of [1, 2]) await house.record(number);
      await house.passes(16 * 60);
      house.faults.inject({ call: /SendMessage/, fault: { kind: 'answer', status: 500 } });

      await expect(house.reconcile()).rejects.toThrow('reconcile failed at: bells');
      expect(await house.ringsOn('normal')).toHaveLength(1);
      expect(house.launches()).toHaveLength(2);
      await house.reconcile();
      expect(await house.ringsOn('normal')).toHaveLength(1);
    });
  });

  describe('launches', () => {
    it('starts a task per thread that waits, up to the cap, with the worker as client token', async () => {
      for (const number of [1, 2, 3]) await house.record(number);
      await house.reconcile({ cap: 2 });
      await house.reconcile({ cap: 2 });

      expect(house.launches()).toHaveLength(2);
      const tokens = house
        .launches()
        .map(({ detail }) => (detail['input'] as { clientToken: string }).clientToken);
      expect((await house.rows()).map(({ id }) => id).sort()).toEqual(tokens.sort());
      expect((await house.rows()).map(({ task_arn }) => task_arn)).toEqual([
        expect.stringContaining(':task/'),
        expect.stringContaining(':task/'),
      ]);
    });

    it('has one task of a launch that crashed before it could be recorded', async () => {
      await house.record(1);
      await expect(house.reconcile({}, crashAt('workers.launched'))).rejects.toThrow('launches');
      expect(await house.onlyRow()).toMatchObject({ task_arn: null });

      await house.passes(61);
      await house.reconcile();
      const arns = house
        .launches()
        .map(({ detail }) => (detail['output'] as { tasks: { taskArn: string }[] }).tasks[0]!.taskArn);
      expect(arns).toHaveLength(2);
      expect(new Set(arns)).toEqual(new Set([(await house.onlyRow()).task_arn]));
    });

    it('waits a minute where there is no room, without an error', async () => {
      await house.record(1);
      house.faults.inject({ call: /^capacity of FARGATE$/, fault: { kind: 'answer', status: 200 } });
      await house.reconcile();
      expect(await house.onlyRow()).toMatchObject({
        end_reason: 'launch failed: no_capacity: Capacity is unavailable at this time.',
      });

      await house.reconcile();
      expect((await house.rows()).map(({ task_arn }) => task_arn !== null)).toEqual([false, true]);
    });
  });

  describe('on Spot', () => {
    const providers = () =>
      house
        .launches()
        .map(({ detail }) => detail['input'] as { capacityProviderStrategy?: { capacityProvider: string }[] })
        .map(
          ({ capacityProviderStrategy }) => capacityProviderStrategy?.[0]?.capacityProvider ?? 'on demand',
        );

    it('launches there while it has room', async () => {
      await house.record(1);
      await house.reconcile({ capacity: 'spot' });
      expect(providers()).toEqual(['FARGATE_SPOT']);
    });

    it('launches on demand in the same run what it has no room for, as another worker', async () => {
      for (const number of [1, 2]) await house.record(number);
      house.faults.inject({
        call: /^capacity of FARGATE_SPOT$/,
        fault: { kind: 'answer', status: 200 },
        times: 1,
      });
      await house.reconcile({ capacity: 'spot', cap: 2 });

      expect(providers()).toEqual(['FARGATE_SPOT', 'FARGATE_SPOT', 'on demand']);
      expect(await house.rows()).toMatchObject([
        { capacity: 'spot', task_arn: null, end_reason: expect.stringContaining('no_capacity') },
        { capacity: 'spot', task_arn: expect.any(String), end_reason: null },
        { capacity: 'on_demand', task_arn: expect.any(String), end_reason: null },
      ]);
    });

    it('waits like anybody where on demand has no room either', async () => {
      await house.record(1);
      house.faults.inject({ call: /^capacity of/, fault: { kind: 'answer', status: 200 }, times: 2 });
      await house.reconcile({ capacity: 'spot' });
      expect(providers()).toEqual(['FARGATE_SPOT', 'on demand']);
      expect((await house.rows()).every(({ end_reason }) => end_reason !== null)).toBe(true);
    });

    it('does what was interrupted on demand', async () => {
      const { threadKey } = await house.record(1);
      await house.reconcile({ capacity: 'spot' });
      const { id } = await house.onlyRow();
      await house.workers.beat(id);
      await house.tasks.release(await house.claim(threadKey, id)); // SIGTERM, two minutes before it is taken back
      await house.workers.ended({ workerId: id, reason: 'given_back' });

      await house.reconcile({ capacity: 'spot' });
      expect(providers()).toEqual(['FARGATE_SPOT', 'on demand']);
    });
  });
});
