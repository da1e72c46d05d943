// A rate schedule of EventBridge: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html
import { randomUUID } from 'node:crypto';
import type { ScheduledEvent } from 'aws-lambda';
import { accountId, arn, region } from './names.ts';

type Options = {
  everyMs: number;
  /** Calls the function; a tick that comes while the last one runs is left out, so that a slow house does not pile up. */
  invoke: (event: ScheduledEvent) => Promise<unknown>;
};

/** The first tick comes after everyMs, as EventBridge does it. */
export const startSchedule = ({ everyMs, invoke }: Options) => {
  let running: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    // whoever invokes has it in the journal; the next tick is the retry
    running ??= invoke(toEvent())
      .catch(() => {})
      .finally(() => {
        running = undefined;
      });
  }, everyMs);
  return {
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
};

const toEvent = (): ScheduledEvent => ({
  version: '0',
  id: randomUUID(),
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: accountId,
  time: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
  region,
  resources: [arn('events', 'rule/local')],
  detail: {},
});
