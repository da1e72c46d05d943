import { Duration } from 'aws-cdk-lib';
import { Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Trigger } from 'aws-cdk-lib/triggers';
import { Construct } from 'constructs';
import type { MigrateEnv } from '#functions/env.ts';
import type { Database } from './database.ts';
import { lambdaFunction } from './lambda-function.ts';
import type { Network } from './network.ts';

type MigrateProps = { network: Network; database: Database; logRetention: RetentionDays };

/** Brings the schema up to date in each deploy that changes it; a migration that fails rolls the deploy back. */
export class Migrate extends Construct {
  private readonly trigger: Trigger;

  constructor(scope: Construct, id: string, { network, database, logRetention }: MigrateProps) {
    super(scope, id);
    const { vpc } = network;
    const securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'migrate: out to Postgres, and over IPv6 to Secrets Manager',
      allowAllOutbound: false,
    });
    securityGroup.addEgressRule(Peer.anyIpv6(), Port.tcp(443), 'Secrets Manager, dual-stack endpoint');
    const environment: MigrateEnv = database.masterEnvironment;
    const handler = lambdaFunction(this, {
      entry: 'migrate',
      description: 'agent-bot: schema, app role and grants',
      environment,
      timeout: Duration.minutes(5),
      logRetention,
      placement: { vpc, vpcSubnets: network.migrate, securityGroup, ipv6: true },
      commandHooks: {
        beforeBundling: () => [],
        beforeInstall: () => [],
        afterBundling: (input, output) => [`cp -R "${input}/db/migrations" "${output}/migrations"`],
      },
    });
    database.grantMaster(handler);
    this.trigger = new Trigger(this, 'OnDeploy', {
      handler,
      timeout: Duration.minutes(6), // two minutes by default
      // the ways to Postgres and to Secrets Manager must be open first
      executeAfter: [network, database, securityGroup],
    });
  }

  /** What uses the tables starts when they are there. */
  runBefore(...users: Construct[]) {
    this.trigger.executeBefore(...users);
  }
}
