import { CfnResource, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** The functions that the CDK brings for its custom resources would log for ever. Made last, so that it finds them all. */
export class CustomResourceLogs extends Construct {
  constructor(scope: Construct, id: string, { logRetention }: { logRetention: RetentionDays }) {
    super(scope, id);
    const brought = Stack.of(this)
      .node.findAll()
      .filter((child) => CfnResource.isCfnResource(child))
      .filter(
        (child) => child.cfnResourceType === 'AWS::Lambda::Function' && !(child instanceof CfnFunction),
      );
    if (brought.length === 0) return;
    const { logGroupName } = new LogGroup(this, 'Logs', {
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    for (const handler of brought) handler.addPropertyOverride('LoggingConfig', { LogGroup: logGroupName });
  }
}
