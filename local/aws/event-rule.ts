// EventBridge's rule on tasks that stop, as infra/reconcile.ts has it.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
import { randomUUID } from 'node:crypto';
import type { Journal } from '#local/journal.ts';
import { accountId, region } from './names.ts';

type Options = {
  journal: Journal;
  /** Calls the function; EventBridge waits for no answer. */
  invoke: (event: unknown) => Promise<unknown>;
};

export const startTaskStoppedRule = ({ journal, invoke }: Options) => {
  const running = new Set<Promise<unknown>>();
  const forget = journal.listen(({ twin, call, detail }) => {
    if (twin !== 'ecs' || call !== 'task STOPPED') return;
    // whoever invokes has it in the journal; the schedule's next tick is the retry
    const called = invoke(toEvent(detail))
      .catch(() => {})
      .finally(() => running.delete(called));
    running.add(called);
  });
  return {
    close: async () => {
      forget();
      await Promise.all(running);
    },
  };
};

const toEvent = ({ taskArn, stoppedReason }: Record<string, unknown>) => ({
  version: '0',
  id: randomUUID(),
  'detail-type': 'ECS Task State Change',
  source: 'aws.ecs',
  account: accountId,
  time: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
  region,
  resources: [taskArn],
  detail: { taskArn, lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stoppedReason },
});
