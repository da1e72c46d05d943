// One claimed job with its beats, to whatever end it comes. A message is acknowledged only after a stored end.
import { describeError } from '#core/describe-error.ts';
import type { Hold, Job } from '#core/job.ts';
import { visibilitySeconds } from '#core/job.ts';
import type { Ring } from '#core/messages.ts';
import { ringBell } from '#core/ring.ts';
import type { Log } from '#core/ports/log.ts';
import type { QueueReceiver, QueueSender } from '#core/ports/queue.ts';
import { ReceiptLostError } from '#core/ports/queue.ts';
import type { Lane, WaitingReason } from '#core/task.ts';
import { DatabaseAwayError } from '#db/named.ts';
import { freezeNotice } from '#db/notices.ts';
import type { Heartbeat } from '#worker/lease/heartbeat.ts';
import { startHeartbeat } from '#worker/lease/heartbeat.ts';
import { StoppedError } from '#worker/lease/stopped.ts';
import type { HandleTask, JobResult } from './handle-task.ts';
import type { Received } from './receive.ts';

type Held = { taskId: string; fence: number };
export type JobTools = {
  workerId: string;
  queues: { [L in Lane]: QueueReceiver & QueueSender };
  tasks: {
    renew: (held: Held) => Promise<Hold>;
    release: (held: Held) => Promise<boolean>;
    wait: (input: Held & { reason: WaitingReason }) => Promise<boolean>;
    nextOpen: (threadKey: string) => Promise<{ lane: Lane; ring: Ring } | undefined>;
  };
  workers: { beat: (workerId: string) => Promise<void> };
  handleTask: HandleTask;
  /** Calls back for every notice of Postgres until the function that it gives is called. */
  listen: (onNotice: (notice: string) => void) => Promise<() => Promise<void>>;
  log: Log;
  /** From now on every line of the log is about this job. */
  about: (job: Record<string, unknown>) => void;
  heartbeatEvery?: Heartbeat['every'];
};
type JobInput = { job: Job; received: Received; drain: AbortSignal };
export type JobEnd = 'done' | 'waiting' | 'failed' | 'given_back';

export const createDoJob =
  (tools: JobTools) =>
  async ({ job, received, drain }: JobInput): Promise<JobEnd> => {
    const { lane, message } = received;
    const { queues, tasks, log } = tools;
    const held = { taskId: job.task.id, fence: job.fence };
    tools.about({ ...held, thread: job.task.threadKey, attempt: job.attempt });
    const lost = new AbortController();
    const signal = AbortSignal.any([drain, lost.signal]);
    const heart = startHeartbeat({
      renew: () => tasks.renew(held),
      extend: () => queues[lane].extend(message.receipt, visibilitySeconds),
      beat: () => tools.workers.beat(tools.workerId),
      stopJob: (reason) => lost.abort(reason),
      log,
      ...(tools.heartbeatEvery && { every: tools.heartbeatEvery }),
    });
    const isForUs = (notice: string) => notice === job.task.id || notice === freezeNotice;
    const stopListening = await tools.listen((notice) => void (isForUs(notice) && heart.ask()));
    try {
      log.info('job begun', { step: job.task.step });
      const result = await tools.handleTask(job, signal);
      log.info('job ended', summaryOf(result));
      if (result.kind === 'ended') await ringNext(tools, job.task.threadKey);
      await acknowledge(tools, received);
      return result.kind === 'ended' ? 'done' : 'waiting';
    } catch (error) {
      return await endEarly(tools, { error: whyOf(signal, error), held, received });
    } finally {
      await heart.stop();
      await stopListening();
    }
  };

/** What was thrown after an abort is mostly its echo; but a job that was only to say that it was stopped may fail at that. */
const whyOf = ({ aborted, reason }: AbortSignal, error: unknown): unknown =>
  aborted && !(reason instanceof StoppedError && reason.code === 'stop_asked') ? reason : error;

/** Rings that came while this job held the thread were acknowledged: its end rings for them. */
const ringNext = async ({ tasks, queues }: JobTools, threadKey: string): Promise<void> => {
  const bell = await tasks.nextOpen(threadKey);
  if (!bell) return;
  await ringBell(queues, bell);
};

type Queues = Pick<JobTools, 'queues' | 'log'>;

/** What the message was about is stored: one that went back to the queue comes again, and finds nothing to do. */
const acknowledge = ({ queues, log }: Queues, { lane, message }: Received): Promise<void> =>
  unlessLost(log, () => queues[lane].acknowledge(message.receipt));

const giveBack = ({ queues, log }: Queues, { lane, message }: Received): Promise<void> =>
  unlessLost(log, () => queues[lane].extend(message.receipt, 0));

const unlessLost = async (log: Log, act: () => Promise<void>): Promise<void> => {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof ReceiptLostError)) throw error;
    log.warn('the message had gone back to the queue');
  }
};

type Early = { error: unknown; held: Held; received: Received };

/**
 * No acknowledgement without a stored state that somebody ends: the message comes again, at once where we give the job
 * back ourselves. What an operator froze is rung again when it is thawed.
 */
const endEarly = async (
  { tasks, queues, log }: JobTools,
  { error, held, received }: Early,
): Promise<JobEnd> => {
  if (error instanceof DatabaseAwayError) {
    // no fault of the job; the message comes again when the lease is over
    log.warn('job given back', { reason: 'database_away', ...describeError(error) });
    return 'given_back';
  }
  if (!(error instanceof StoppedError)) {
    log.error('job failed', causesOf(error));
    return 'failed';
  }
  log.warn('job given back', { reason: error.code });
  if (error.code === 'draining') {
    await tasks.release(held);
    await giveBack({ queues, log }, received);
  }
  if (error.code === 'frozen' && (await tasks.wait({ ...held, reason: 'frozen' }))) {
    await acknowledge({ queues, log }, received);
  }
  return 'given_back';
};

const summaryOf = (result: JobResult) => {
  if (result.kind === 'waiting') return { waiting: result.reason };
  const { outcome } = result;
  return { outcome: outcome.status, ...(outcome.status === 'failed' && { reason: outcome.reason }) };
};

/** The error and what led to it. */
export const causesOf = (error: unknown): Record<string, unknown> =>
  error instanceof Error && error.cause !== undefined
    ? { ...describeError(error), cause: causesOf(error.cause) }
    : describeError(error);
