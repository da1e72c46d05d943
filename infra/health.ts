import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { lambdaFunction } from './lambda-function.ts';

/** Says that it is there. Public, so it has no rights. */
export class Health extends Construct {
  readonly handler: IFunction;

  constructor(scope: Construct, id: string, { logRetention }: { logRetention: RetentionDays }) {
    super(scope, id);
    this.handler = lambdaFunction(this, {
      entry: 'health',
      description: 'agent-bot: liveness',
      environment: {},
      timeout: Duration.seconds(3),
      memorySize: 128,
      logRetention,
    });
  }
}
