import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { neverStartedMessage } from '#functions/handlers/reap-workers.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { migratedDatabase } from '#test/support/database.ts';
import type { ReconcileHouse } from '#test/support/reconcile-house.ts';
import { startReconcileHouse } from '#test/support/reconcile-house.ts';

describe('reconcile and the workers that it has started', () => {
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

  describe('launches that never start', () => {
    const lapse = async (container: 'cannot_start' | 'exits') => {
      await house.reconcile({ container });
      const last = (await house.rows()).at(-1)!;
      await house.ecs.stopped(last.task_arn);
      await house.passes(181);
    };

    it('are launched again after three minutes, and the row says why', async () => {
      await house.record(1);
      await lapse('cannot_start');
      await house.reconcile();

      expect(await house.rows()).toMatchObject([
        { end_reason: expect.stringMatching(/^never started: TaskFailedToStart; CannotStartContainerError/) },
        { end_reason: null, task_arn: expect.any(String) },
      ]);
      expect(house.linesOf(neverStartedMessage)).toEqual([]);
    });

    it('ring the alarm at the third in a row', async () => {
      await house.record(1);
      await lapse('cannot_start');
      await lapse('exits');
      await lapse('exits');
      expect(house.linesOf('worker never started')).toHaveLength(2);
      expect(house.linesOf(neverStartedMessage)).toEqual([]);

      await house.reconcile();
      expect(house.linesOf(neverStartedMessage)).toMatchObject([
        { level: 'error', fields: { inARow: 3, reason: expect.stringContaining('exit code 3') } },
      ]);
    });

    it('are stopped when they hang while they start', async () => {
      await house.record(1);
      await house.reconcile({ cap: 1 });
      const first = await house.onlyRow();
      for (const seconds of [301, 60]) {
        await house.passes(seconds);
        await house.reconcile({ cap: 1 });
      }
      expect(house.stops()).toHaveLength(0); // nobody is heard of: a tick longer
      await house.passes(60);
      await house.reconcile({ cap: 1 });
      expect(house.stops().map(({ detail }) => (detail['input'] as { task: string }).task)).toEqual([
        first.task_arn,
      ]);
      await house.ecs.stopped(first.task_arn);
      await house.reconcile({ cap: 1 });
      expect((await house.rows())[0]).toMatchObject({
        end_reason: expect.stringMatching(
          /^never started: UserInitiated; agent-bot: started, and never heard of/,
        ),
      });
    });
  });

  describe('workers that hang', () => {
    /** One that hangs and, unless it is alone, one that beats. */
    const hang = async ({ alone = false } = {}) => {
      await house.record(1);
      await house.reconcile();
      const hanging = await house.onlyRow();
      await house.workers.beat(hanging.id);
      await house.passes(13 * 60);
      if (!alone) await house.workers.beat(crypto.randomUUID());
      return hanging;
    };
    const tick = async () => {
      await house.passes(60);
      await database.query(
        'update workers set heartbeat_at = now() where task_arn is null and end_reason is null',
      );
      await house.reconcile({ cap: 1 });
    };
    const stopAsked = async (id: string) =>
      (await house.rows()).find((row) => row['id'] === id)!['stop_asked_at'] !== null;

    it('are asked first, stopped a tick later, and closed with the reason', async () => {
      const { id, task_arn } = await hang();
      await house.reconcile({ cap: 1 });
      await house.reconcile({ cap: 1 }); // a poke right after the tick
      expect(await stopAsked(id)).toBe(true);
      expect(house.stops()).toHaveLength(0);

      await tick();
      expect(house.stops().map(({ detail }) => detail['input'])).toMatchObject([
        { task: task_arn, reason: 'agent-bot: not heard of any more' },
      ]);
      await house.ecs.stopped(task_arn);
      await tick();
      expect(house.stops()).toHaveLength(1);
      expect((await house.rows()).find((row) => row['id'] === id)).toMatchObject({
        end_reason: expect.stringContaining('UserInitiated; agent-bot: not heard of any more'),
      });
    });

    it('are spared when they beat again', async () => {
      const { id } = await hang();
      await house.reconcile({ cap: 1 });
      await house.workers.beat(id);
      await tick();
      expect(await stopAsked(id)).toBe(false);
      expect(house.stops()).toHaveLength(0);
    });

    it('are not hit when they have just finished', async () => {
      const { id } = await hang();
      await house.reconcile({ cap: 1 });
      await house.workers.ended({ workerId: id, reason: 'done' });
      await tick();
      expect(house.stops()).toHaveLength(0);
      expect((await house.rows()).find((row) => row['id'] === id)).toMatchObject({ end_reason: 'done' });
    });

    it('are all left alone for a tick longer when none is heard of: it may be Postgres', async () => {
      const { id } = await hang({ alone: true });
      await house.reconcile({ cap: 1 });
      await tick();
      expect(house.stops()).toHaveLength(0);
      expect(house.linesOf('no worker is heard of')).toHaveLength(2);

      await house.workers.beat(id);
      await tick();
      expect([house.stops().length, await stopAsked(id)]).toEqual([0, false]);
    });

    it('are stopped when they are older than any job may be, however they beat', async () => {
      await house.record(1);
      await house.reconcile();
      const { id, task_arn } = await house.onlyRow();
      await house.passes(6 * 3_600 + 60);
      await house.workers.beat(id);
      await house.reconcile({ cap: 1 });
      await house.passes(60);
      await house.workers.beat(id);
      await house.reconcile({ cap: 1 });
      expect(house.stops().map(({ detail }) => detail['input'])).toMatchObject([{ task: task_arn }]);
    });

    it('do not keep the others from their turn when one cannot be stopped', async () => {
      for (const number of [1, 2]) await house.record(number);
      await house.reconcile();
      for (const { id } of await house.rows()) await house.workers.beat(String(id));
      await house.passes(13 * 60);
      await house.workers.beat(crypto.randomUUID());
      await house.reconcile({ cap: 1 });
      house.faults.inject({ call: /^StopTask$/, fault: { kind: 'answer', status: 500, body: '{}' } });

      await expect(tick()).rejects.toThrow('reconcile failed at: reaping');
      expect(house.stops().map(({ status }) => status)).toEqual([500, 200]);
      await tick();
      expect(house.stops().map(({ status }) => status)).toEqual([500, 200, 200]);
    });

    it('that were killed are closed with the reason of ECS, without being asked', async () => {
      await house.record(1);
      await house.reconcile({ container: 'exits' });
      const { id, task_arn } = await house.onlyRow();
      await house.workers.beat(id);
      await house.ecs.stopped(task_arn);
      await house.passes(121);
      await house.reconcile({ cap: 1 });
      expect((await house.rows())[0]).toMatchObject({
        stop_asked_at: null,
        end_reason: 'EssentialContainerExited; Essential container in task exited; exit code 3',
      });
    });
  });
});
