import { Duration } from 'aws-cdk-lib';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { DeadLettersEnv } from '#functions/env.ts';
import { raise } from './alarm.ts';
import { lambdaFunction } from './lambda-function.ts';
import type { Ledger } from './ledger.ts';
import type { FifoQueue } from './queues.ts';
import type { Reconcile } from './reconcile.ts';
import type { JsonSecret } from './secrets.ts';

type DeadLettersProps = {
  queue: FifoQueue;
  appSecret: JsonSecret;
  ledger: Ledger;
  reconcile: Reconcile;
  githubApiUrl: string;
  logRetention: RetentionDays;
};

/** Keeps what was put aside, tells the thread, and lets it go on. */
export class DeadLetters extends Construct {
  static readonly timeout = Duration.seconds(30);
  readonly source: EventSourceMapping;

  constructor(
    scope: Construct,
    id: string,
    { queue, appSecret, ledger, reconcile, ...props }: DeadLettersProps,
  ) {
    super(scope, id);
    const environment: DeadLettersEnv = {
      GITHUB_APP_SECRET_ID: appSecret.secretArn,
      GITHUB_API_URL: props.githubApiUrl,
      LEDGER_FUNCTION: ledger.functionName,
      RECONCILE_FUNCTION: reconcile.functionName,
    };
    const handler = lambdaFunction(this, {
      entry: 'dead-letters',
      description: 'agent-bot: keeps and tells what was put aside',
      environment,
      timeout: DeadLetters.timeout,
      logRetention: props.logRetention,
    });
    appSecret.grantGet(handler);
    queue.grantPoll(handler);
    ledger.grantCall(handler);
    reconcile.grantCall(handler);
    this.source = new EventSourceMapping(this, 'Queue', {
      target: handler,
      eventSourceArn: queue.queueArn,
      batchSize: 5, // each may take a few calls of GitHub
      reportBatchItemFailures: true,
      maxConcurrency: 2, // the least that there is: nobody waits for it
    });
    this.watch(queue);
  }

  private watch(queue: FifoQueue) {
    raise(this, 'PutAside', {
      alarmDescription:
        'A request was put aside: `agent-bot letters` lists it with its reason, `agent-bot redrive` brings it back.',
      // read within seconds, so the number that is visible says nothing
      metric: queue.metricNumberOfMessagesReceived({ statistic: 'Sum', period: Duration.minutes(5) }),
      threshold: 0,
    });
    raise(this, 'Untold', {
      alarmDescription:
        'A request was put aside two hours ago and the person has not been told: dead-letters does not get on.',
      metric: queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum' }),
      threshold: Duration.hours(2).toSeconds(), // a worker may hold its task for one,
    });
  }
}
