import type { RemovalPolicy } from 'aws-cdk-lib';
import { Duration, Validations } from 'aws-cdk-lib';
import { ComparisonOperator } from 'aws-cdk-lib/aws-cloudwatch';
import type { IConnectable } from 'aws-cdk-lib/aws-ec2';
import { InstanceType, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import {
  Credentials,
  DatabaseInstance,
  DatabaseInstanceEngine,
  ParameterGroup,
  PostgresEngineVersion,
  StorageType,
} from 'aws-cdk-lib/aws-rds';
import { Construct } from 'constructs';
import type { DatabaseEnv } from '#db/env.ts';
import { raise } from './alarm.ts';
import { allow } from './allow.ts';
import type { Network } from './network.ts';

const databaseName = 'agent_bot';
const appUser = 'agent_bot';
const masterUser = 'agent_bot_master';

/** Who connects has a role and a security group. */
type Client = IGrantable & IConnectable;

type DatabaseProps = {
  network: Network;
  instanceClass: string;
  deletionProtection: boolean;
  removalPolicy: RemovalPolicy;
};

/** One Postgres 17: TLS only, IAM tokens for the app role, a master whose password RDS itself makes and rotates. */
export class Database extends Construct {
  readonly instance: DatabaseInstance;

  constructor(scope: Construct, id: string, { network, ...props }: DatabaseProps) {
    super(scope, id);
    const engine = DatabaseInstanceEngine.postgres({ version: PostgresEngineVersion.VER_17 });
    const { vpc } = network;
    this.instance = new DatabaseInstance(this, 'Instance', {
      engine,
      instanceType: new InstanceType(props.instanceClass),
      vpc,
      vpcSubnets: network.data,
      publiclyAccessible: false,
      securityGroups: [
        new SecurityGroup(this, 'SecurityGroup', {
          vpc,
          description: 'Postgres: in from ledger, migrate and workers, out to nowhere',
          allowAllOutbound: false,
        }),
      ],
      parameterGroup: new ParameterGroup(this, 'Parameters', {
        engine,
        parameters: { 'rds.force_ssl': '1', ...memoryOf(props.instanceClass) },
      }),
      databaseName,
      credentials: Credentials.fromUsername(masterUser),
      manageMasterUserPassword: true,
      iamAuthentication: true,
      storageEncrypted: true,
      storageType: StorageType.GP3,
      allocatedStorage: 20,
      maxAllocatedStorage: 100,
      backupRetention: Duration.days(7),
      copyTagsToSnapshot: true,
      deletionProtection: props.deletionProtection,
      removalPolicy: props.removalPolicy,
    });
    this.acknowledge(props.deletionProtection);
    this.watch();
  }

  get appEnvironment() {
    return {
      ...this.address,
      DATABASE_USER: appUser,
      DATABASE_AUTH: 'iam',
    } as const satisfies DatabaseEnv;
  }

  get masterEnvironment() {
    return {
      ...this.address,
      MASTER_SECRET_ID: this.masterSecret.secretArn,
      APP_USER: appUser,
      DATABASE_AUTH: 'iam',
    } as const;
  }

  /** As the app role, which has its grants only. */
  grantConnect(client: Client) {
    this.instance.grantConnect(client, appUser);
    this.instance.connections.allowDefaultPortFrom(client, 'Postgres');
  }

  /** As the master, with the password of the day. */
  grantMaster(client: Client) {
    allow(client, ['secretsmanager:GetSecretValue'], { resources: [this.masterSecret.secretArn] });
    this.instance.connections.allowDefaultPortFrom(client, 'Postgres');
  }

  private get address() {
    return {
      DATABASE_HOST: this.instance.dbInstanceEndpointAddress,
      DATABASE_PORT: this.instance.dbInstanceEndpointPort,
      DATABASE_NAME: databaseName,
    };
  }

  private get masterSecret() {
    if (!this.instance.secret) throw new Error('the database has no master secret');
    return this.instance.secret;
  }

  private watch() {
    raise(this, 'StorageLow', {
      alarmDescription:
        'Requests will soon be refused by everybody: less than 2 GB of the database are free and it no longer grows.',
      metric: this.instance.metricFreeStorageSpace({ statistic: 'Minimum' }),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 2 * 1024 ** 3,
    });
    raise(this, 'MemoryLow', {
      alarmDescription:
        'Workers lose their connections: the database has had less than 60 MB of memory for 15 minutes. A larger databaseClass helps.',
      metric: this.instance.metricFreeableMemory({ statistic: 'Average', period: Duration.minutes(5) }),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 60 * 1024 ** 2,
      evaluationPeriods: 3,
    });
  }

  private acknowledge(deletionProtection: boolean) {
    const validations = Validations.of(this.instance);
    validations.acknowledge({
      id: 'AwsSolutions-RDS3',
      reason: 'A second zone doubles the idle cost; queues and retries bridge the minutes of a restart.',
    });
    validations.acknowledge({
      id: 'AwsSolutions-RDS11',
      reason: 'The port hides nothing: three security groups may reach it and nobody else, TLS is forced.',
    });
    if (!deletionProtection)
      validations.acknowledge({
        id: 'AwsSolutions-RDS10',
        reason:
          'Deletion policy keeps the database when the stack goes or replaces it. With protection on, a first deploy that fails could not take its empty database away again; databaseDeletionProtection turns it on afterwards.',
      });
  }
}

/** IAM sign-in takes memory per connection: 1 GB has room for few of them (in pages of 8 kB; the RDS default is a quarter of all). */
const memoryOf = (instanceClass: string): Record<string, string> =>
  instanceClass.endsWith('.micro') ? { shared_buffers: '8192', max_connections: '40' } : {};
