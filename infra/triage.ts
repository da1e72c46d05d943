import { Duration } from 'aws-cdk-lib';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { TriageEnv } from '#functions/env.ts';
import { lambdaFunction } from './lambda-function.ts';
import type { Ledger } from './ledger.ts';
import type { Queues } from './queues.ts';
import type { Reconcile } from './reconcile.ts';
import type { JsonSecret } from './secrets.ts';

type TriageProps = {
  queues: Queues;
  appSecret: JsonSecret;
  ledger: Ledger;
  reconcile: Reconcile;
  githubApiUrl: string;
  mention: string;
  logRetention: RetentionDays;
};

/** The reception: who asks, for what, and may they. Reads the inbox, records with the ledger, rings the thread. */
export class Triage extends Construct {
  static readonly timeout = Duration.seconds(30);
  readonly inboxSource: EventSourceMapping;

  constructor(scope: Construct, id: string, { queues, appSecret, ledger, reconcile, ...props }: TriageProps) {
    super(scope, id);
    const environment: TriageEnv = {
      GITHUB_APP_SECRET_ID: appSecret.secretArn,
      GITHUB_API_URL: props.githubApiUrl,
      LEDGER_FUNCTION: ledger.functionName,
      RECONCILE_FUNCTION: reconcile.functionName,
      MENTION: props.mention,
      INBOX_QUEUE_URL: queues.inbox.queueUrl,
      DEAD_LETTER_QUEUE_URL: queues.deadLetters.queueUrl,
      ...queues.laneUrls,
    };
    const handler = lambdaFunction(this, {
      entry: 'triage',
      description: 'agent-bot: who asks for what, and may they',
      environment,
      timeout: Triage.timeout,
      logRetention: props.logRetention,
    });
    appSecret.grantGet(handler);
    queues.inbox.grantPoll(handler);
    queues.inbox.grantBackOff(handler);
    queues.grantRing(handler);
    queues.deadLetters.grantSend(handler);
    ledger.grantCall(handler);
    reconcile.grantCall(handler);
    this.inboxSource = new EventSourceMapping(this, 'Inbox', {
      target: handler,
      eventSourceArn: queues.inbox.queueArn,
      batchSize: 10,
      reportBatchItemFailures: true,
      maxConcurrency: 5, // a fresh account runs ten functions at a time, and the door must be one of them
    });
  }
}
