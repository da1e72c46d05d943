import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { WebhookEnv } from '#functions/env.ts';
import { lambdaFunction } from './lambda-function.ts';
import type { FifoQueue } from './queues.ts';
import type { JsonSecret } from './secrets.ts';

type WebhookProps = {
  /** functions/<platform>.ts */
  platform: 'github';
  secret: JsonSecret;
  inbox: FifoQueue;
  mention: string;
  logRetention: RetentionDays;
};

/** A door: it knows its own webhook secret and one queue. */
export class Webhook extends Construct {
  readonly handler: IFunction;

  constructor(
    scope: Construct,
    id: string,
    { platform, secret, inbox, mention, logRetention }: WebhookProps,
  ) {
    super(scope, id);
    const environment: WebhookEnv = {
      WEBHOOK_SECRET_ID: secret.secretArn,
      INBOX_QUEUE_URL: inbox.queueUrl,
      MENTION: mention,
    };
    this.handler = lambdaFunction(this, {
      entry: platform,
      description: `agent-bot: webhooks of ${platform}`,
      environment,
      timeout: Duration.seconds(10), // nobody waits longer for the answer
      memorySize: 1024, // a cold start is bound by the CPU that comes with memory
      logRetention,
    });
    secret.grantGet(this.handler);
    inbox.grantSend(this.handler);
  }
}
