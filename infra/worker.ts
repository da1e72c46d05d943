import { join } from 'node:path';
import type { CfnResource } from 'aws-cdk-lib';
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { Connections, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import {
  Capability,
  Cluster,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LinuxParameters,
  LogDriver,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { FilterPattern, LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ReconcileEnv } from '#functions/env.ts';
import type { WorkerEnv } from '#worker/env.ts';
import type { secretInChangeLine as secretInChange } from '#worker/publish/patch-secrets.ts';
import { raise } from './alarm.ts';
import { allow } from './allow.ts';
import { grantBedrock } from './bedrock.ts';
import type { TaskBucket } from './bucket.ts';
import type { Database } from './database.ts';
import type { Network } from './network.ts';
import type { Queues } from './queues.ts';
import type { Secrets } from './secrets.ts';
import type { Settings } from './settings.ts';

type WorkerProps = {
  network: Network;
  queues: Queues;
  database: Database;
  bucket: TaskBucket;
  secrets: Secrets;
  settings: Settings;
  logRetention: RetentionDays;
};

const containerName = 'worker';
const secretInChangeLine: typeof secretInChange = 'secret in the change';
/** The paths that worker-image/Dockerfile declares as volumes: the mode that they have there is the mode that they get here. */
const volumes = { state: '/var/lib/agent-bot', runs: '/runs', tmp: '/tmp' };

/** Docker's default capabilities but those with which the guard makes a process the agent's and ends it: SETUID, SETGID, SETPCAP, KILL. */
const droppedCapabilities = [
  Capability.AUDIT_WRITE,
  Capability.CHOWN,
  Capability.DAC_OVERRIDE,
  Capability.FOWNER,
  Capability.FSETID,
  Capability.MKNOD,
  Capability.NET_BIND_SERVICE,
  Capability.NET_RAW,
  Capability.SETFCAP,
  Capability.SYS_CHROOT,
];

/** One Fargate task is one job. There is no service: reconcile starts tasks, and each ends by itself. */
export class Worker extends Construct {
  private readonly cluster: Cluster;
  private readonly taskDefinition: FargateTaskDefinition;
  private readonly securityGroup: SecurityGroup;
  private readonly network: Network;

  constructor(scope: Construct, id: string, props: WorkerProps) {
    super(scope, id);
    this.network = props.network;
    const { vpc } = props.network;
    this.cluster = new Cluster(this, 'Cluster', { vpc, enableFargateCapacityProviders: true });
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'workers: out to HTTPS and Postgres, in from nobody',
      allowAllOutbound: false,
    });
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'GitHub, the model, AWS');
    this.securityGroup.addEgressRule(Peer.anyIpv6(), Port.tcp(443), 'GitHub, the model, AWS');
    this.taskDefinition = this.defineTask(props);
    this.addContainer(props);
    this.grantWhatAJobNeeds(props);
    this.acknowledge();
  }

  get launchEnvironment() {
    return {
      CLUSTER_ARN: this.cluster.clusterArn,
      TASK_DEFINITION_ARN: this.taskDefinition.taskDefinitionArn,
      CONTAINER_NAME: containerName,
      SUBNET_IDS: this.network.vpc.selectSubnets(this.network.workers).subnetIds.join(','),
      SECURITY_GROUP_IDS: this.securityGroup.securityGroupId,
    } satisfies Partial<ReconcileEnv>;
  }

  /** To start this task on this cluster, with these two roles and no others; to look at the cluster's tasks and stop them. */
  grantLaunch(launcher: IFunction) {
    allow(launcher, ['ecs:RunTask'], {
      resources: [this.taskDefinition.taskDefinitionArn],
      conditions: { ArnEquals: { 'ecs:cluster': this.cluster.clusterArn } },
    });
    const roles = [this.taskDefinition.taskRole, this.taskDefinition.obtainExecutionRole()];
    allow(launcher, ['iam:PassRole'], {
      resources: roles.map(({ roleArn }) => roleArn),
      conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
    });
    const resourceName = `${this.cluster.clusterName}/*`;
    const tasks = Stack.of(this).formatArn({ service: 'ecs', resource: 'task', resourceName });
    allow(launcher, ['ecs:DescribeTasks', 'ecs:StopTask'], { resources: [tasks] });
    const { logicalId } = this.cluster.node.defaultChild as CfnResource; // the child that makes a Cluster one
    Validations.of(launcher.role ?? launcher).acknowledge({
      id: `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task/<${Stack.of(this).resolve(logicalId)}>/*]`,
      reason: 'The tasks of this cluster and no others; their names are made at run time.',
    });
  }

  private defineTask({ settings }: WorkerProps) {
    return new FargateTaskDefinition(this, 'Task', {
      cpu: settings.workerVcpus * 1024,
      memoryLimitMiB: settings.workerMemoryGb * 1024,
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture[settings.cpuArchitecture],
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
      volumes: Object.keys(volumes).map((name) => ({ name })),
    });
  }

  private addContainer(props: WorkerProps) {
    const logGroup = new LogGroup(this, 'Logs', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.watch(logGroup);
    const linuxParameters = new LinuxParameters(this, 'LinuxParameters');
    linuxParameters.dropCapabilities(...droppedCapabilities);
    // the guard carries out bind() for the agent (docs/adr/0016); the one that Fargate lets a task add
    linuxParameters.addCapabilities(Capability.SYS_PTRACE);
    const container = this.taskDefinition.addContainer('Container', {
      containerName,
      image: ContainerImage.fromAsset(join(import.meta.dirname, '..'), {
        file: 'worker-image/Dockerfile',
        platform: props.settings.cpuArchitecture === 'ARM64' ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
      }),
      environment: { ...this.environment(props), AWS_REGION: Stack.of(this).region },
      readonlyRootFilesystem: true,
      linuxParameters,
      stopTimeout: Duration.seconds(120), // the most that Fargate gives
      logging: LogDriver.awsLogs({ streamPrefix: containerName, logGroup }),
    });
    for (const [sourceVolume, containerPath] of Object.entries(volumes))
      container.addMountPoints({ sourceVolume, containerPath, readOnly: false });
  }

  private watch(logGroup: LogGroup) {
    const secrets = logGroup.addMetricFilter('SecretInChange', {
      filterPattern: FilterPattern.stringValue('$.message', '=', secretInChangeLine),
      metricNamespace: Stack.of(this).stackName, // two stacks in one account do not ring for each other
      metricName: 'SecretInChange',
    });
    raise(this, 'SecretInChange', {
      alarmDescription:
        'Somebody gets no pull request: the change holds what is, or looks like, a secret. The log of the worker names its kind, file and line: if it is a real one, find out how the agent came by it, and replace it.',
      metric: secrets.metric({ statistic: 'Sum', period: Duration.minutes(5) }),
      threshold: 0,
    });
  }

  private environment({ queues, database, bucket, secrets, settings }: WorkerProps) {
    return {
      ...queues.laneUrls,
      DEAD_LETTER_QUEUE_URL: queues.deadLetters.queueUrl,
      ...database.appEnvironment,
      BUCKET: bucket.bucketName,
      GITHUB_APP_SECRET_ID: secrets.githubApp.secretArn,
      GITHUB_API_URL: settings.githubApiUrl,
      GITHUB_URL: settings.githubUrl,
      MODEL_SECRET_ID: secrets.model.secretArn,
      MODEL_BASE_URL: settings.modelBaseUrl,
      MODEL: settings.model,
      ...(settings.models && { MODELS: settings.models.join(',') }),
      ...(settings.bedrock && { BEDROCK: JSON.stringify(settings.bedrock) }),
      MAX_TURNS: String(settings.maxTurns),
      BUDGET_USD: String(settings.budgetUsd),
      THREAD_DAY_USD: String(settings.threadDayUsd),
      USER_DAY_USD: String(settings.userDayUsd),
      INSTALLATION_MONTH_USD: String(settings.installationMonthUsd),
      MONTH_USD: String(settings.monthUsd),
      IDLE_SECONDS: String(settings.workerIdleSeconds),
      STATE_DIR: volumes.state,
      RUNS_DIR: volumes.runs,
      AGENT_UID_FIRST: '20001', // nobody's in the image, as all that follow
      AGENT_UID_COUNT: '1000',
      GUARD_BINARY: '/opt/agent-bot/guard',
      CLAUDE_BINARY: '/opt/agent-bot/claude',
      SETUP_REGISTRIES: settings.setupRegistries.join(','),
      OPEN_HOSTS: settings.openHosts.join(','),
    } as const satisfies Omit<WorkerEnv, 'WORKER_ID' | 'LANE_ORDER'>; // those come with the launch
  }

  private grantWhatAJobNeeds({ queues, database, bucket, secrets, settings }: WorkerProps) {
    const { taskRole } = this.taskDefinition;
    queues.grantWork(taskRole);
    queues.grantRing(taskRole); // whoever ends a job rings for the thread's next task
    queues.deadLetters.grantSend(taskRole);
    secrets.githubApp.grantGet(taskRole);
    if (settings.bedrock) grantBedrock(taskRole, settings.bedrock);
    else secrets.model.grantGet(taskRole);
    bucket.grantTasks(taskRole);
    database.grantConnect({
      grantPrincipal: taskRole.grantPrincipal,
      connections: new Connections({ securityGroups: [this.securityGroup] }),
    });
  }

  private acknowledge() {
    Validations.of(this.cluster).acknowledge({
      id: 'AwsSolutions-ECS4',
      reason: 'Container Insights is billed per metric, idle or not; what a job did and cost is in Postgres.',
    });
    Validations.of(this.taskDefinition).acknowledge({
      id: 'AwsSolutions-ECS2',
      reason:
        'The environment holds addresses, names and limits; the two secrets are read by their ARN at run time.',
    });
    Validations.of(this.taskDefinition).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'ecr:GetAuthorizationToken, with which Fargate pulls the image, knows no resource.',
    });
  }
}
