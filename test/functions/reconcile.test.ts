import { describe, expect, it } from 'vitest';
import type { LedgerOutput } from '#core/ledger.ts';
import type { LaunchInput, Launcher, LaunchResult } from '#core/ports/launcher.ts';
import { createReconcile } from '#functions/handlers/reconcile.ts';
import { aLedger, aLog, aQueue } from '#test/support/fakes.ts';

const ids = [1, 2, 3].map((digit) => `0b0e7a52-52f4-4c55-8f0e-0d3ad1f3a00${digit}`);
const taskArn = 'arn:aws:ecs:us-east-1:000000000000:task/c/1';

type Letter = LedgerOutput<'dead_letters.to_redrive'>[number];
const letters: Letter[] = [1, 2].map((digit) => ({
  id: ids[digit]!,
  groupId: `group ${digit}`,
  body: `body ${digit}`,
}));

const setUp = (results: (LaunchResult | Error)[], awaited: Letter[] = [], inbox = aQueue()) => {
  const launched: LaunchInput[] = [];
  const ledger = aLedger({
    'workers.plan': () => ({
      wanted: 3,
      available: 1,
      launches: results.map((_, index) => ({
        workerId: ids[index]!,
        laneOrder: ['low', 'high', 'normal'],
        capacity: 'on_demand',
      })),
    }),
    'bells.due': () => [],
    'workers.living': () => [],
    'workers.launched': () => null,
    'workers.launch_failed': () => null,
    'dead_letters.to_redrive': () => awaited,
    'dead_letters.redriven': () => null,
  });
  const launcher: Launcher = {
    look: () => Promise.resolve(new Map()),
    stop: () => Promise.reject(new Error('nobody is suspect')),
    launch: (input: LaunchInput) => {
      const result = results[launched.push(input) - 1]!;
      return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
    },
  };
  const log = aLog();
  const reconcile = createReconcile({
    ledger: ledger.ledger,
    launcher,
    inbox: inbox.queue,
    lanes: { high: aQueue().queue, normal: aQueue().queue, low: aQueue().queue },
    cap: 3,
    warm: 1,
    capacity: 'on_demand',
    log: log.log,
  });
  return { reconcile, ledger, launched, log, sent: inbox.sent };
};

describe('reconcile', () => {
  it('starts the workers that the plan names, each once, and says so to the ledger', async () => {
    const { reconcile, ledger, launched, log } = setUp([
      { kind: 'started', taskArn },
      { kind: 'started', taskArn },
    ]);
    await reconcile();
    expect(launched).toStrictEqual([
      { workerId: ids[0], laneOrder: ['low', 'high', 'normal'], capacity: 'on_demand' },
      { workerId: ids[1], laneOrder: ['low', 'high', 'normal'], capacity: 'on_demand' },
    ]);
    expect(ledger.inputsOf('workers.plan')).toStrictEqual([{ cap: 3, warm: 1, capacity: 'on_demand' }]);
    expect(ledger.inputsOf('workers.launched')).toStrictEqual([
      { workerId: ids[0], taskArn },
      { workerId: ids[1], taskArn },
    ]);
    expect(log.lines).toStrictEqual([
      {
        level: 'info',
        message: 'reconciled',
        fields: {
          wanted: 3,
          available: 1,
          capacity: 'on_demand',
          started: 2,
          no_capacity: 0,
          refused: 0,
          unknown: 0,
        },
      },
    ]);
  });

  it('takes no room as an everyday answer: the row is freed for the next tick', async () => {
    const { reconcile, ledger } = setUp([
      { kind: 'no_capacity', reason: 'RESOURCE:CPU' },
      { kind: 'started', taskArn },
    ]);
    await reconcile();
    expect(ledger.inputsOf('workers.launch_failed')).toStrictEqual([
      { workerId: ids[0], reason: 'no_capacity: RESOURCE:CPU' },
    ]);
    expect(ledger.inputsOf('workers.launched')).toHaveLength(1);
  });

  it('fails loudly, after the others had their turn, when ECS refuses', async () => {
    const { reconcile, ledger } = setUp([
      { kind: 'refused', reason: 'AccessDeniedException' },
      { kind: 'started', taskArn },
    ]);
    await expect(reconcile()).rejects.toThrow('reconcile failed at: launches');
    expect(ledger.inputsOf('workers.launch_failed')).toHaveLength(1);
    expect(ledger.inputsOf('workers.launched')).toHaveLength(1);
  });

  it('leaves the row of a worker that may be running', async () => {
    const { reconcile, ledger } = setUp([new Error('time-out'), { kind: 'started', taskArn }]);
    await expect(reconcile()).rejects.toThrow('reconcile failed at: launches');
    expect(ledger.inputsOf('workers.launch_failed')).toHaveLength(0);
    expect(ledger.inputsOf('workers.launched')).toHaveLength(1);
  });

  it('does nothing where nothing is missing', async () => {
    const { reconcile, launched } = setUp([]);
    await reconcile();
    expect(launched).toHaveLength(0);
  });

  it('puts the requests back on the inbox that an operator wants back, each under an id that SQS knows again', async () => {
    const { reconcile, ledger, sent } = setUp([], letters);
    await reconcile();
    expect(sent).toStrictEqual(
      letters.map(({ id, groupId, body }) => ({ body, groupId, deduplicationId: `redrive-${id}` })),
    );
    expect(ledger.inputsOf('dead_letters.redriven')).toStrictEqual(letters.map(({ id }) => ({ id })));
  });

  it('leaves a request for the next minute that the inbox did not take, and goes on with the others', async () => {
    let sends = 0;
    const inbox = aQueue(() => ((sends += 1) === 1 ? new Error('away') : undefined));
    const { reconcile, ledger, launched } = setUp([{ kind: 'started', taskArn }], letters, inbox);
    await reconcile();
    expect(ledger.inputsOf('dead_letters.redriven')).toStrictEqual([{ id: letters[1]!.id }]);
    expect(launched).toHaveLength(1);
  });
});
