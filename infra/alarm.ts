import { Stack } from 'aws-cdk-lib';
import type { AlarmProps } from 'aws-cdk-lib/aws-cloudwatch';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

type Watch = Omit<AlarmProps, 'alarmDescription' | 'evaluationPeriods'> & {
  /** Who is hurt, in words for the person whom the alarm wakes. */
  alarmDescription: string;
  evaluationPeriods?: number;
};

/** An alarm over the threshold. Silence is well: an idle house sends no metrics. */
export const raise = (scope: Construct, id: string, watch: Watch) =>
  new Alarm(scope, id, {
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: 1,
    treatMissingData: TreatMissingData.NOT_BREACHING,
    ...watch,
  });

/** Sends every alarm of the stack to one address. Made last, so that it finds them all. */
export class AlarmMail extends Construct {
  constructor(scope: Construct, id: string, { email }: { email: string }) {
    super(scope, id);
    const topic = new Topic(this, 'Topic', { enforceSSL: true });
    topic.addSubscription(new EmailSubscription(email));
    const stack = Stack.of(this);
    // the TLS policy takes the place of the topic's default one, which had let this account's alarms in
    topic.grantPublish(
      new ServicePrincipal('cloudwatch.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
      }),
    );
    for (const alarm of stack.node.findAll().filter((child) => child instanceof Alarm))
      alarm.addAlarmAction(new SnsAction(topic));
  }
}
