import * as z from 'zod';
import type { Ledger } from '#core/ledger.ts';

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html */
const taskStoppedSchema = z.object({
  'detail-type': z.literal('ECS Task State Change'),
  detail: z.object({
    taskArn: z.string(),
    lastStatus: z.literal('STOPPED'),
    stoppedReason: z.string().optional(),
  }),
});

/** A task that ECS says has stopped: its worker's row ends now, not when its heartbeat is missed. Other events are nothing to it. */
export const recordStopped = async (ledger: Ledger, event: unknown): Promise<void> => {
  const { data } = taskStoppedSchema.safeParse(event);
  if (!data) return;
  const { taskArn, stoppedReason = 'stopped' } = data.detail;
  await ledger('workers.stopped', { taskArn, reason: stoppedReason });
};
