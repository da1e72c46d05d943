// Lanes, a thread with tasks, and workers whose jobs a test writes itself.
import { once } from 'node:events';
import { SQSClient } from '@aws-sdk/client-sqs';
import { createQueueReceiver, createQueueSender } from '#core/aws/sqs.ts';
import { malformed, toDeadLetter } from '#core/dead-letter.ts';
import { visibilitySeconds } from '#core/job.ts';
import { encodeMessage } from '#core/messages.ts';
import type { Lane, Outcome, Request, Thread } from '#core/task.ts';
import { lanes } from '#core/task.ts';
import { listen } from '#db/notices.ts';
import { createTasks } from '#db/tasks.ts';
import { createWorkers } from '#db/workers.ts';
import { startQueues } from '#local/aws/queues.ts';
import { createFaults } from '#local/faults.ts';
import { createJournal } from '#local/journal.ts';
import { aRequest, aThread, aTrigger } from '#test/builders.ts';
import { onLoopback } from '#test/support/aws-client.ts';
import type { TestDatabase } from '#test/support/database.ts';
import { aLog } from '#test/support/fakes.ts';
import type { HandleTask } from '#worker/handle-task.ts';
import { createJobLog } from '#worker/job-log.ts';
import { StoppedError } from '#worker/lease/stopped.ts';
import { createWork } from '#worker/work.ts';

export type WorkerQueues = Awaited<ReturnType<typeof startWorkerQueues>>;
type Changes = Partial<Parameters<typeof createWork>[0]>;
type Options = { start?: typeof startQueues; maxReceiveCount?: number };

const nameOf = (lane: string) => `tasks-${lane}.fifo`;
const deadLettersName = 'dead-letters.fifo';
let last = 0;

export const startWorkerQueues = async (
  { db, config }: Pick<TestDatabase, 'db' | 'config'>,
  { start = startQueues, ...options }: Options = {},
) => {
  const tasks = createTasks(db);
  const thread = aThread({ number: (last += 1) });
  const faults = createFaults();
  const servers = await start({
    ...options,
    journal: createJournal(),
    faults,
    bucket: 'unused',
    queues: [
      { name: deadLettersName, visibilitySeconds },
      ...lanes.map((lane) => ({ name: nameOf(lane), visibilitySeconds, dlq: deadLettersName })),
    ],
  });
  const client = new SQSClient(onLoopback(servers.url));
  const queueOf = (lane: Lane) => {
    const url = servers.queueUrls[nameOf(lane)] ?? '';
    return { ...createQueueReceiver(client, url), ...createQueueSender(client, url) };
  };
  const queues = { high: queueOf('high'), normal: queueOf('normal'), low: queueOf('low') };

  const deadLetters = createQueueSender(client, servers.queueUrls[deadLettersName] ?? '');

  const record = async (changes: Partial<Request> = {}, on = thread) => {
    const id = String((last += 1));
    return await tasks.record({
      delivery: {
        platform: 'github',
        id,
        bodySha256: id.padStart(64, '0'),
        receivedAt: '2026-01-02T03:04:05.000Z',
      },
      thread: on,
      trigger: aTrigger({ key: `issue_comment:${id}`, commentId: id }),
      request: aRequest(changes),
    });
  };
  const aTask = async (changes?: Partial<Request>, on?: Thread) => {
    const task = await record(changes, on);
    if (task.greet) await tasks.greeted({ taskId: task.id, commentId: null });
    return task;
  };
  /** Somebody writes `@agent stop` on the thread. */
  const stopThread = () => record({ command: 'stop', text: '' });
  const send = async (lane: Lane, body: string, groupId = 'any') =>
    await queues[lane].send({ body, groupId, deduplicationId: crypto.randomUUID() });
  const ring = async (task: Awaited<ReturnType<typeof aTask>>, lane: Lane = 'normal') => {
    const { id: taskId, threadKey, generation } = task;
    await send(lane, encodeMessage({ version: 1, threadKey, taskId, generation }), threadKey);
  };

  const aWorker = (handleTask: HandleTask, changes: Changes = {}) => {
    const { log: bare, lines } = aLog();
    const { log, about } = createJobLog(bare);
    const workerId = crypto.randomUUID();
    const work = createWork({
      workerId,
      laneOrder: ['normal', 'high', 'low'],
      idleMs: 1_000,
      queues,
      putAside: ({ lane, message }) =>
        deadLetters.send(toDeadLetter({ ...message, queue: nameOf(lane), reason: malformed })),
      tasks,
      workers: createWorkers(db),
      handleTask,
      listen: (onNotice) => listen(config, { onNotice, log }),
      log,
      about,
      ...changes,
    });
    const drain = new AbortController();
    return {
      workerId,
      lines,
      work: () => work(drain.signal),
      drain: () => drain.abort(new StoppedError('draining')),
    };
  };
  /** Does its job as handle-task does: the end is stored before it is given. */
  const finishing: HandleTask = async ({ task, fence }) => {
    await tasks.finish({ taskId: task.id, fence, outcome });
    return { kind: 'ended', outcome };
  };

  return {
    tasks,
    queues,
    faults,
    aTask,
    stopThread,
    send,
    ring,
    aWorker,
    finishing,
    depth: async (lane: Lane = 'normal') => (await servers.depths())[nameOf(lane)],
    putAside: async () => (await servers.depths())[deadLettersName],
    close: async () => {
      client.destroy();
      await servers.close();
    },
  };
};

export const empty = { waiting: 0, inFlight: 0 };
export const outcome: Outcome = { status: 'succeeded', result: { kind: 'answer' }, summary: 'done' };

/** Goes on until it is stopped, and fails as whatever was under way fails. */
export const untilStopped = async (signal: AbortSignal): Promise<never> => {
  if (!signal.aborted) await once(signal, 'abort');
  throw new Error('a consequence');
};
export const notCalled: HandleTask = () => Promise.reject(new Error('the test expects no job'));
