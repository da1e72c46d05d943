// The worker's life: wait for a ring, do one job, end. With do-job.ts the only place that catches what nobody expected.
import type { Claim, Job } from '#core/job.ts';
import type { Ring } from '#core/messages.ts';
import { ringSchema } from '#core/messages.ts';
import type { Lane } from '#core/task.ts';
import type { JobEnd, JobTools } from './do-job.ts';
import { causesOf, createDoJob } from './do-job.ts';
import type { Received } from './receive.ts';
import { createReceive } from './receive.ts';

type Deps = JobTools & {
  laneOrder: readonly Lane[];
  idleMs: number;
  /** Where a message goes that nobody can handle. */
  putAside: (received: Received) => Promise<void>;
  tasks: { claim: (input: { threadKey: string; workerId: string }) => Promise<Claim> };
};

export type WorkEnd = JobEnd | 'idle' | 'drained' | 'unreachable';

/** `drain` is aborted with a StoppedError when the worker is told to end. */
export const createWork =
  (deps: Deps) =>
  async (drain: AbortSignal): Promise<WorkEnd> => {
    const doJob = createDoJob(deps);
    const mayGoOn = async () => {
      if (drain.aborted) return false;
      await deps.workers.beat(deps.workerId); // who cannot reach Postgres takes no message
      return true;
    };
    const receive = createReceive({ ...deps, mayGoOn });
    try {
      for (;;) {
        const received = await receive();
        if (!received) return drain.aborted ? 'drained' : 'idle';
        if (drain.aborted) return await giveBack(deps, received);
        const job = await claimFor(deps, received);
        if (job) return await doJob({ job, received, drain });
      }
    } catch (error) {
      deps.log.error('worker cannot go on', causesOf(error));
      return 'unreachable';
    }
  };

const giveBack = async ({ queues }: Deps, { lane, message }: Received): Promise<WorkEnd> => {
  await queues[lane].extend(message.receipt, 0);
  return 'given_back';
};

/** The job that the message leads to. Where it leads to none, it is acknowledged: whoever holds the thread rings again. */
const claimFor = async (
  { queues, putAside, tasks, workerId, log }: Deps,
  received: Received,
): Promise<Job | undefined> => {
  const { lane, message } = received;
  const ring = toRing(message.body);
  if (!ring) {
    log.error('message not understood', { lane, messageId: message.messageId });
    await putAside(received);
    await queues[lane].acknowledge(message.receipt);
    return undefined;
  }
  const claim = await tasks.claim({ threadKey: ring.threadKey, workerId });
  if (claim.kind === 'claimed') return claim.job;
  const { kind } = claim;
  log.info('nothing to do for this ring', {
    taskId: ring.taskId,
    thread: ring.threadKey,
    reason: kind,
    ...(kind === 'waiting' && { waiting: claim.reason }),
  });
  await queues[lane].acknowledge(message.receipt);
  return undefined;
};

const toRing = (body: string): Ring | undefined => {
  try {
    return ringSchema.parse(JSON.parse(body));
  } catch {
    return undefined; // whatever is wrong with it, nobody can answer for it here
  }
};
