import { Duration } from 'aws-cdk-lib';
import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { LedgerEnv } from '#functions/env.ts';
import { raise } from './alarm.ts';
import { allow } from './allow.ts';
import type { Database } from './database.ts';
import { lambdaFunction } from './lambda-function.ts';
import type { Network } from './network.ts';

type LedgerProps = { network: Network; database: Database; logRetention: RetentionDays };

/** The typed verbs on Postgres: the only function of the way of a request that is in the network, and it has no way out. */
export class Ledger extends Construct {
  private readonly handler: NodejsFunction;

  constructor(scope: Construct, id: string, { network, database, logRetention }: LedgerProps) {
    super(scope, id);
    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc: network.vpc,
      description: 'ledger: out to Postgres, in from nobody',
      allowAllOutbound: false,
    });
    const environment: LedgerEnv = database.appEnvironment;
    this.handler = lambdaFunction(this, {
      entry: 'ledger',
      description: 'agent-bot: typed verbs on Postgres',
      environment,
      timeout: Duration.seconds(20), // connect 3 s and a statement of 5 s, twice
      logRetention,
      placement: { vpc: network.vpc, vpcSubnets: network.data, securityGroup, ipv6: false },
    });
    database.grantConnect(this.handler);
    raise(this, 'Errors', {
      alarmDescription:
        'Requests wait: triage and reconcile get no answer from the ledger, most likely because Postgres is away.',
      metric: this.handler.metricErrors({ period: Duration.minutes(5) }),
      threshold: 5,
    });
  }

  get functionName() {
    return this.handler.functionName;
  }

  grantCall(caller: IGrantable) {
    allow(caller, ['lambda:InvokeFunction'], { resources: [this.handler.functionArn] });
  }
}
