// One claimed job with its beats, to whatever end it comes. A message is acknowledged only after a stored end.
import { describeError } from '#core/describe-error.ts';
import type { Hold, Job } from '#core/job.ts';
import { visibilitySeconds } from '#core/job.ts';
import type { Ring } from '#core/messages.ts';
import { encodeMessage, ringDeduplicationId } from '#core/messages.ts';
import type { Log } from '#core/ports/log.ts';
import type { QueueReceiver, QueueSender } from '#core/ports/queue.ts';
import type { Lane, Outcome } from '#core/task.ts';
import type { HandleTask } from './handle-task.ts';
import type { Heartbeat } from './heartbeat.ts';
import { startHeartbeat } from './heartbeat.ts';
import type { Received } from './receive.ts';
import { StoppedError } from './stopped.ts';

type Held = { taskId: string; fence: number };
export type JobTools = {
  workerId: string;
  queues: { [L in Lane]: QueueReceiver & QueueSender };
  tasks: {
    renew: (held: Held) => Promise<Hold>;
    release: (held: Held) => Promise<boolean>;
    nextOpen: (threadKey: string) => Promise<{ lane: Lane; ring: Ring } | undefined>;
  };
  workers: { beat: (workerId: string) => Promise<void> };
  handleTask: HandleTask;
  log: Log;
  heartbeatEvery?: Heartbeat['every'];
};
type JobInput = { job: Job; received: Received; drain: AbortSignal };
export type JobEnd = 'done' | 'failed' | 'given_back';

export const createDoJob =
  (tools: JobTools) =>
  async ({ job, received, drain }: JobInput): Promise<JobEnd> => {
    const { lane, message } = received;
    const { queues, tasks, log } = tools;
    const held = { taskId: job.task.id, fence: job.fence };
    const ids = { ...held, thread: job.task.threadKey, attempt: job.attempt };
    const lost = new AbortController();
    const signal = AbortSignal.any([drain, lost.signal]);
    const stopBeating = startHeartbeat({
      renew: () => tasks.renew(held),
      extend: () => queues[lane].extend(message.receipt, visibilitySeconds),
      beat: () => tools.workers.beat(tools.workerId),
      stopJob: (reason) => lost.abort(reason),
      log,
      ...(tools.heartbeatEvery && { every: tools.heartbeatEvery }),
    });
    try {
      log.info('job begun', { ...ids, step: job.task.step });
      const outcome = await tools.handleTask(job, signal);
      log.info('job ended', { ...ids, ...summaryOf(outcome) });
      await ringNext(tools, job.task.threadKey);
      await queues[lane].acknowledge(message.receipt);
      return 'done';
    } catch (error) {
      return await endEarly(tools, { error: signal.aborted ? signal.reason : error, held, received });
    } finally {
      await stopBeating();
    }
  };

/** Rings that came while this job held the thread were acknowledged: its end rings for them. */
const ringNext = async ({ tasks, queues }: JobTools, threadKey: string): Promise<void> => {
  const bell = await tasks.nextOpen(threadKey);
  if (!bell) return;
  await queues[bell.lane].send({
    body: encodeMessage(bell.ring),
    groupId: threadKey,
    deduplicationId: ringDeduplicationId(bell.ring),
  });
};

type Early = { error: unknown; held: Held; received: Received };

/** Never an acknowledgement: the message comes again, at once where we give it back ourselves. */
const endEarly = async (
  { tasks, queues, log }: JobTools,
  { error, held, received }: Early,
): Promise<JobEnd> => {
  if (!(error instanceof StoppedError)) {
    log.error('job failed', { ...held, ...causesOf(error) });
    return 'failed';
  }
  log.warn('job given back', { ...held, reason: error.code });
  if (error.code === 'draining') {
    await tasks.release(held);
    await queues[received.lane].extend(received.message.receipt, 0);
  }
  return 'given_back';
};

const summaryOf = (outcome: Outcome) => ({
  outcome: outcome.status,
  ...(outcome.status === 'failed' && { reason: outcome.reason }),
});

/** The error and what led to it. */
export const causesOf = (error: unknown): Record<string, unknown> =>
  error instanceof Error && error.cause !== undefined
    ? { ...describeError(error), cause: causesOf(error.cause) }
    : describeError(error);
