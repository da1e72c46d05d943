import { describe, expect, it } from 'vitest';
import { resourcesOf, rightsOf, synthesize } from './synthesize.ts';

const template = synthesize();
const rights = rightsOf(template);

const ownLog = (name: string) => [
  `logs:CreateLogStream ${name}Logs.Arn`,
  `logs:PutLogEvents ${name}Logs.Arn`,
];
const interfaces = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];
/** For the Lambda service and not for the function, whose own calls carry the key. */
const networkInterfaces = [
  ...interfaces.map((action) => `${action} *`),
  ...interfaces.map((action) => `not ${action} * if lambda:SourceFunctionArn is false`),
];
const connectAsApp =
  'rds-db:connect arn:AWS::Partition:rds-db:AWS::Region:AWS::AccountId:dbuser:DatabaseInstance.DbiResourceId/agent_bot';
const onLanes = (action: string) =>
  ['TasksHigh', 'TasksNormal', 'TasksLow'].map((lane) => `${action} Queues${lane}.Arn`);
const tasksOfCluster = 'arn:AWS::Partition:ecs:AWS::Region:AWS::AccountId:task/WorkerCluster/*';

const wanted: Record<string, string[]> = {
  GithubRole: [
    ...ownLog('Github'),
    'secretsmanager:GetSecretValue SecretsGithubWebhook',
    'sqs:SendMessage QueuesInbox.Arn',
  ],
  HealthRole: ownLog('Health'),
  TriageRole: [
    ...ownLog('Triage'),
    'secretsmanager:GetSecretValue SecretsGithubApp',
    'sqs:ReceiveMessage QueuesInbox.Arn',
    'sqs:DeleteMessage QueuesInbox.Arn',
    'sqs:GetQueueAttributes QueuesInbox.Arn',
    'sqs:ChangeMessageVisibility QueuesInbox.Arn',
    ...onLanes('sqs:SendMessage'),
    'sqs:SendMessage QueuesDeadLetters.Arn',
    'lambda:InvokeFunction LedgerFunction.Arn',
    'lambda:InvokeFunction ReconcileFunction.Arn',
  ],
  DeadLettersRole: [
    ...ownLog('DeadLetters'),
    'secretsmanager:GetSecretValue SecretsGithubApp',
    'sqs:ReceiveMessage QueuesDeadLetters.Arn',
    'sqs:DeleteMessage QueuesDeadLetters.Arn',
    'sqs:GetQueueAttributes QueuesDeadLetters.Arn',
    'lambda:InvokeFunction LedgerFunction.Arn',
    'lambda:InvokeFunction ReconcileFunction.Arn',
  ],
  SweepRole: [...ownLog('Sweep'), 'secretsmanager:GetSecretValue SecretsGithubApp'],
  LedgerRole: [...ownLog('Ledger'), ...networkInterfaces, connectAsApp],
  MigrateRole: [
    ...ownLog('Migrate'),
    ...networkInterfaces,
    'secretsmanager:GetSecretValue DatabaseInstance.MasterUserSecret.SecretArn',
  ],
  ReconcileRole: [
    ...ownLog('Reconcile'),
    'sqs:SendMessage QueuesInbox.Arn',
    'lambda:InvokeFunction LedgerFunction.Arn',
    ...onLanes('sqs:SendMessage'),
    'ecs:RunTask WorkerTask if ecs:cluster is WorkerCluster.Arn',
    `ecs:DescribeTasks ${tasksOfCluster}`,
    `ecs:StopTask ${tasksOfCluster}`,
    'iam:PassRole WorkerTaskTaskRole.Arn if iam:PassedToService is ecs-tasks.amazonaws.com',
    'iam:PassRole WorkerTaskExecutionRole.Arn if iam:PassedToService is ecs-tasks.amazonaws.com',
  ],
  WorkerTaskTaskRole: [
    ...onLanes('sqs:ReceiveMessage'),
    ...onLanes('sqs:DeleteMessage'),
    ...onLanes('sqs:ChangeMessageVisibility'),
    ...onLanes('sqs:SendMessage'),
    'sqs:SendMessage QueuesDeadLetters.Arn',
    'secretsmanager:GetSecretValue SecretsGithubApp',
    'secretsmanager:GetSecretValue SecretsModel',
    's3:GetObject TasksBucket.Arn/tasks/*',
    's3:PutObject TasksBucket.Arn/tasks/*',
    's3:ListBucket TasksBucket.Arn',
    connectAsApp,
  ],
};

describe('rights', () => {
  for (const [role, lines] of Object.entries(wanted))
    it(`gives ${role} exactly what it needs`, () => expect(rights[role]).toEqual([...lines].sort()));

  it('knows every other role: they pull the image and carry out the deploy', () => {
    expect(
      Object.keys(rights)
        .filter((role) => !(role in wanted))
        .sort(),
    ).toEqual([
      'AWSCDKTriggerCustomResourceProviderCustomResourceProviderRole',
      'CustomVpcRestrictDefaultSGCustomResourceProviderRole',
      'WorkerTaskExecutionRole',
    ]);
  });

  it('uses no wildcard but those that AWS leaves no choice about', () => {
    const wildcards = Object.entries(rights).flatMap(([role, lines]) =>
      lines
        .filter((line) => line.includes('*') && !line.startsWith('not '))
        .filter((line) => !networkInterfaces.includes(line))
        .map((line) => `${role}: ${line}`),
    );
    expect(wildcards).toEqual([
      'WorkerTaskTaskRole: s3:GetObject TasksBucket.Arn/tasks/*', // names are made at run time
      'WorkerTaskTaskRole: s3:PutObject TasksBucket.Arn/tasks/*',
      'WorkerTaskExecutionRole: ecr:GetAuthorizationToken *', // knows no resource
      `ReconcileRole: ecs:DescribeTasks ${tasksOfCluster}`, // names are made at run time
      `ReconcileRole: ecs:StopTask ${tasksOfCluster}`,
      'AWSCDKTriggerCustomResourceProviderCustomResourceProviderRole: lambda:InvokeFunction MigrateFunction.Arn:*', // its versions
    ]);
  });

  it('lets nobody but reconcile start or stop tasks or pass roles', () => {
    const holders = (action: string) =>
      Object.keys(rights).filter((role) => rights[role]!.some((line) => line.startsWith(action)));
    expect(holders('ecs:')).toEqual(['ReconcileRole']);
    expect(holders('iam:')).toEqual(['ReconcileRole']);
  });

  it('takes no managed policy but for the custom resources that the CDK brings', () => {
    const managed = Object.entries(resourcesOf(template, 'AWS::IAM::Role'))
      .filter(([, { Properties }]) => Properties.ManagedPolicyArns)
      .map(([name]) => name);
    expect(managed.every((name) => name.endsWith('CustomResourceProviderRole'))).toBe(true);
  });

  it('lets only AWS services assume a role', () => {
    const services = Object.values(template.findResources('AWS::IAM::Role')).flatMap(({ Properties }) =>
      Properties.AssumeRolePolicyDocument.Statement.map(
        (s: { Principal: { Service: string } }) => s.Principal.Service,
      ),
    );
    expect(new Set(services)).toEqual(new Set(['lambda.amazonaws.com', 'ecs-tasks.amazonaws.com']));
  });

  it('lets the API call its two functions and the schedules and the event reconcile and sweep, and nobody else anything', () => {
    const permissions = Object.values(template.findResources('AWS::Lambda::Permission')).map(
      ({ Properties }) => `${Properties.Principal} ${Properties.Action} ${Boolean(Properties.SourceArn)}`,
    );
    expect(permissions.sort()).toEqual([
      'apigateway.amazonaws.com lambda:InvokeFunction true',
      'apigateway.amazonaws.com lambda:InvokeFunction true',
      'events.amazonaws.com lambda:InvokeFunction true',
      'events.amazonaws.com lambda:InvokeFunction true',
      'events.amazonaws.com lambda:InvokeFunction true',
    ]);
  });
});
