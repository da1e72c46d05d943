// What reconcile has around it: the ledger on a real Postgres, lanes and ECS that speak their protocols.
import { tmpdir } from 'node:os';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SQSClient } from '@aws-sdk/client-sqs';
import { createLauncher } from '#core/aws/ecs.ts';
import { createQueueReceiver, createQueueSender } from '#core/aws/sqs.ts';
import type { Ledger, LedgerVerb } from '#core/ledger.ts';
import { createLedger } from '#core/ledger.ts';
import type { Ring } from '#core/messages.ts';
import { ringSchema } from '#core/messages.ts';
import type { Capacity } from '#core/ports/launcher.ts';
import type { Lane } from '#core/task.ts';
import { lanes } from '#core/task.ts';
import { createTasks } from '#db/tasks.ts';
import { createWorkers } from '#db/workers.ts';
import { createReconcile } from '#functions/handlers/reconcile.ts';
import { startEcs } from '#local/aws/ecs.ts';
import { startQueues } from '#local/aws/queues.ts';
import { createFaults } from '#local/faults.ts';
import { createJournal } from '#local/journal.ts';
import { onLoopback } from '#test/support/aws-client.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { aLog, aQueue } from '#test/support/fakes.ts';
import { aLedgerOn } from '#test/support/ledger.ts';
import { recordAndTell } from '#test/support/record-input.ts';

const nameOf = (lane: Lane) => `tasks-${lane}.fifo`;
const nodeRuns = (code: string) => ({
  containers: { worker: { command: [process.execPath, '-e', code], environment: {}, cwd: tmpdir() } },
});
/** What the container of a launch does. */
export const containers = {
  stays: nodeRuns('setTimeout(() => {}, 60_000)'),
  exits: nodeRuns('process.exit(3)'),
  cannot_start: { containers: { worker: { command: ['/no/such/program'], environment: {}, cwd: tmpdir() } } },
};

/** The ledger as Lambda carries it: JSON there, JSON back. */
export const ledgerOn = ({ db }: TestDatabase): Ledger => {
  const carry = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  const handler = aLedgerOn(db, aLog().log);
  return createLedger(
    { call: async (_, payload) => carry(await handler(carry(payload))), poke: async () => {} },
    'ledger',
  );
};

/** The ledger that is gone at one verb, once: what a crash just before it leaves. */
export const crashAt = (gone: LedgerVerb) => {
  let left = 1;
  return (ledger: Ledger): Ledger =>
    async (verb, input) => {
      if (verb === gone && left-- > 0) throw new Error('gone');
      return await ledger(verb, input);
    };
};

type WorkerRow = {
  id: string;
  capacity: Capacity;
  task_arn: string;
  stop_asked_at: Date | null;
  end_reason: string | null;
};

export type ReconcileHouse = Awaited<ReturnType<typeof startReconcileHouse>>;
type Pool = { cap?: number; warm?: number; capacity?: Capacity; container?: keyof typeof containers };

export const startReconcileHouse = async (database: TestDatabase) => {
  const faults = createFaults();
  const journal = createJournal();
  const { log, lines } = aLog();
  const [ecs, queues] = await Promise.all([
    startEcs({
      journal,
      faults,
      taskDefinitions: containers,
      stopTimeoutMs: 2_000,
      path: '/usr/bin:/bin',
      onLog: () => {},
    }),
    startQueues({
      journal,
      faults,
      bucket: 'unused',
      queues: lanes.map((lane) => ({ name: nameOf(lane), visibilitySeconds: 120 })),
    }),
  ]);
  const ecsClient = new ECSClient({ ...onLoopback(ecs.url), maxAttempts: 1 });
  const sqsClient = new SQSClient({ ...onLoopback(queues.url), maxAttempts: 1 });
  const urlOf = (lane: Lane) => queues.queueUrls[nameOf(lane)] ?? '';
  const senderOf = (lane: Lane) => createQueueSender(sqsClient, urlOf(lane));
  const ledger = ledgerOn(database);
  const tasks = createTasks(database.db);
  const rows = async () => (await database.query('select * from workers order by seq')) as WorkerRow[]; // its columns

  return {
    faults,
    journal,
    ecs,
    tasks,
    workers: createWorkers(database.db),
    record: (number: number) => recordAndTell(tasks, { thread: { number } }),
    claim: async (threadKey: string, workerId: string = crypto.randomUUID()) => {
      const claimed = await tasks.claim({ threadKey, workerId });
      if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
      return { taskId: claimed.job.task.id, fence: claimed.job.fence };
    },
    rows,
    onlyRow: async () => {
      const [row, ...others] = await rows();
      if (!row || others.length > 0) throw new Error(`${others.length + (row ? 1 : 0)} workers`);
      return row;
    },
    linesOf: (message: string) => lines.filter((line) => line.message === message),
    /** One run of reconcile; `through` stands between it and the ledger. */
    reconcile: (
      { cap = 10, warm = 0, capacity = 'on_demand', container = 'stays' }: Pool = {},
      through: (ledger: Ledger) => Ledger = (given) => given,
      event: unknown = {},
    ) =>
      createReconcile({
        ledger: through(ledger),
        launcher: createLauncher(ecsClient, {
          cluster: ecs.clusterArn,
          taskDefinition: container,
          container: 'worker',
          subnets: ['subnet-1'],
          securityGroups: ['sg-1'],
        }),
        lanes: { high: senderOf('high'), normal: senderOf('normal'), low: senderOf('low') },
        inbox: aQueue().queue,
        cap,
        warm,
        capacity,
        log,
      })(event),
    /** The rings that lie on a lane; they are taken away. */
    ringsOn: async (lane: Lane): Promise<Ring[]> => {
      const receiver = createQueueReceiver(sqsClient, urlOf(lane));
      const rings: Ring[] = [];
      for (;;) {
        const message = await receiver.receive({ waitSeconds: 0 });
        if (!message) return rings;
        rings.push(ringSchema.parse(JSON.parse(message.body)));
        await receiver.acknowledge(message.receipt);
      }
    },
    /** What RunTask was asked for and what it answered. */
    launches: () => journal.entries().filter(({ call }) => call === 'RunTask'),
    stops: () => journal.entries().filter(({ call }) => call === 'StopTask'),
    /** The database's instants so much earlier: for what it decides, time has passed. */
    passes: async (seconds: number) => {
      const ago = (table: string, columns: string[]) =>
        database.query(
          `update ${table} set ${columns.map((name) => `${name} = ${name} - make_interval(secs => ${seconds})`).join(', ')}`,
        );
      await ago('workers', ['launched_at', 'heartbeat_at', 'stop_asked_at']);
      await ago('tasks', ['lease_until', 'rung_at', 'wait_until', 'greeting_until']);
    },
    close: async () => {
      ecsClient.destroy();
      sqsClient.destroy();
      await Promise.all([ecs.close(), queues.close()]);
    },
  };
};
