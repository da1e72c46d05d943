import { describe, expect, it } from 'vitest';
import { only, resourcesOf, synthesize } from './synthesize.ts';

const template = synthesize();

const frozen = [
  'DatabaseInstanceAA8A5FDE',
  'DatabaseInstanceSubnetGroupDE121BB6',
  'NetworkVpc7FB7348F',
  'QueuesDeadLettersF0D5D2AD',
  'QueuesInbox20F15784',
  'QueuesTasksHighABEA4B22',
  'QueuesTasksLowE8FB8BA2',
  'QueuesTasksNormal507FA3E2',
  'SecretsGithubApp4A98EED8',
  'SecretsGithubWebhook2604B8B8',
  'SecretsModelE17E15BC',
  'TasksBucket670F3C56',
];

describe('what holds data', () => {
  it('keeps its logical id: another one would mean another database, bucket, secret or queue', () => {
    const types = [
      'AWS::EC2::VPC',
      'AWS::RDS::DBInstance',
      'AWS::RDS::DBSubnetGroup',
      'AWS::S3::Bucket',
      'AWS::SecretsManager::Secret',
      'AWS::SQS::Queue',
    ];
    expect(types.flatMap((type) => Object.keys(template.findResources(type))).sort()).toEqual(frozen);
  });

  it('is a database that is encrypted, private, backed up, reached over TLS with IAM tokens', () => {
    expect(only(template, 'AWS::RDS::DBInstance')).toMatchObject({
      Engine: 'postgres',
      EngineVersion: '17',
      DBInstanceClass: 'db.t4g.micro',
      PubliclyAccessible: false,
      StorageEncrypted: true,
      StorageType: 'gp3',
      EnableIAMDatabaseAuthentication: true,
      ManageMasterUserPassword: true,
      BackupRetentionPeriod: 7,
      DeletionProtection: false,
    });
    expect(only(template, 'AWS::RDS::DBParameterGroup')).toMatchObject({
      Family: 'postgres17',
      Parameters: { 'rds.force_ssl': '1' },
    });
    expect(only(template, 'AWS::RDS::DBInstance')).not.toHaveProperty('MasterUserPassword');
    expect(only(synthesize({ databaseDeletionProtection: true }), 'AWS::RDS::DBInstance')).toMatchObject({
      DeletionProtection: true,
    });
  });

  it('is a bucket that is private, encrypted, TLS only, and empties itself', () => {
    expect(only(template, 'AWS::S3::Bucket')).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      LifecycleConfiguration: {
        Rules: [
          {
            ExpirationInDays: 90,
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
            Status: 'Enabled',
          },
        ],
      },
    });
    const statements: { Effect: string; Condition: unknown }[] = only(template, 'AWS::S3::BucketPolicy')
      .PolicyDocument.Statement;
    expect(statements.every(({ Effect }) => Effect === 'Deny')).toBe(true);
    expect(statements.map(({ Condition }) => Condition)).toEqual(
      expect.arrayContaining([
        { Bool: { 'aws:SecureTransport': 'false' } },
        { NumericLessThan: { 's3:TlsVersion': 1.2 } },
      ]),
    );
  });

  it('is secrets whose values the template does not know', () => {
    const secrets = Object.values(template.findResources('AWS::SecretsManager::Secret'));
    expect(secrets.map(({ Properties }) => Properties.SecretString)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(
      secrets.map(({ Properties }) => Properties.GenerateSecretString.SecretStringTemplate).sort(),
    ).toEqual([
      '{"apiKey":"to be filled in"}',
      '{"appId":"to be filled in","privateKey":"to be filled in"}',
      '{}',
    ]);
    const { GithubWebhook } = Object.fromEntries(
      Object.entries(resourcesOf(template, 'AWS::SecretsManager::Secret')).map(([name, { Properties }]) => [
        name.replace('Secrets', ''),
        Properties.GenerateSecretString,
      ]),
    );
    expect(GithubWebhook).toMatchObject({ GenerateStringKey: 'current', PasswordLength: 48 });
  });
});

describe('every resource', () => {
  const resources = Object.entries(
    template.toJSON()['Resources'] as Record<string, { Type: string; Properties?: object }>,
  );

  it('leaves its name to CloudFormation, so that two stacks fit in one account', () => {
    const names =
      /^(QueueName|BucketName|FunctionName|RoleName|LogGroupName|ClusterName|TopicName|DBInstanceIdentifier|AlarmName|GroupName|SecretName|RuleName|DBSubnetGroupName|DBParameterGroupName)$/;
    const named = resources.flatMap(([id, { Properties }]) =>
      Object.entries(Properties ?? {})
        .filter(([name, value]) => names.test(name) && typeof value === 'string')
        .map(([name]) => `${id}.${name}`),
    );
    expect(named).toEqual([]);
  });

  it('forgets its logs after a while', () => {
    const groups = Object.values(template.findResources('AWS::Logs::LogGroup'));
    expect(groups.map(({ Properties }) => Properties.RetentionInDays)).toEqual(groups.map(() => 30));
    const withoutGroup = Object.entries(template.findResources('AWS::Lambda::Function'))
      .filter(([, { Properties }]) => !Properties.LoggingConfig?.LogGroup?.Ref)
      .map(([id]) => id);
    expect(withoutGroup).toEqual([]);
  });
});
