import { Duration, Stack } from 'aws-cdk-lib';
import { ComparisonOperator, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { FilterPattern } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { SweepEnv } from '#functions/env.ts';
import type { lostMessage } from '#functions/handlers/sweep.ts';
import { raise } from './alarm.ts';
import { lambdaFunction } from './lambda-function.ts';
import type { JsonSecret } from './secrets.ts';

type SweepProps = { appSecret: JsonSecret; githubApiUrl: string; logRetention: RetentionDays };

const lostLine: typeof lostMessage = 'delivery lost';

/** GitHub tries a webhook once; every five minutes this asks it for those that failed. */
export class Sweep extends Construct {
  constructor(scope: Construct, id: string, { appSecret, githubApiUrl, logRetention }: SweepProps) {
    super(scope, id);
    const environment: SweepEnv = {
      GITHUB_APP_SECRET_ID: appSecret.secretArn,
      GITHUB_API_URL: githubApiUrl,
    };
    const handler = lambdaFunction(this, {
      entry: 'sweep',
      description: 'agent-bot: asks GitHub for the webhooks that failed',
      environment,
      timeout: Duration.minutes(4), // over before the next one begins
      logRetention,
    });
    appSecret.grantGet(handler);
    // the next sweep is the retry
    const once = { retryAttempts: 0, maxEventAge: Duration.minutes(1) };
    handler.configureAsyncInvoke(once);
    new Rule(this, 'Schedule', {
      description: 'agent-bot: did a webhook fail?',
      schedule: Schedule.rate(Duration.minutes(5)),
      targets: [new LambdaFunction(handler, once)],
    });
    this.watch(handler);
  }

  private watch(handler: NodejsFunction) {
    const lost = handler.logGroup.addMetricFilter('Lost', {
      filterPattern: FilterPattern.stringValue('$.message', '=', lostLine),
      metricNamespace: Stack.of(this).stackName, // two stacks in one account do not ring for each other
      metricName: 'LostDeliveries',
    });
    raise(this, 'Lost', {
      alarmDescription:
        'Requests are being lost: GitHub could not deliver them for almost three days. The log of sweep names each; for one more hour they can be redelivered by hand, in the settings of the GitHub App.',
      metric: lost.metric({ statistic: 'Sum', period: Duration.minutes(5) }),
      threshold: 0,
    });
    raise(this, 'Silent', {
      alarmDescription:
        'Requests that GitHub could not deliver wait: for half an hour no sweep has come to its end. After three days they are lost.',
      metric: new MathExpression({
        expression: 'calls - errors',
        usingMetrics: { calls: handler.metricInvocations(), errors: handler.metricErrors() },
        period: Duration.minutes(10),
        label: 'good sweeps',
      }),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 1,
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }
}
