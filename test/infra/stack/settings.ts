import { describe, expect, it } from 'vitest';
import { parseSettings } from '#infra/settings.ts';
import { only, resourcesOf, synthesize } from './synthesize.ts';

describe('settings', () => {
  const refused: [name: string, value: unknown][] = [
    ['workerCap', 0],
    ['workerCap', 2.5],
    ['workerCap', '3'],
    ['warmWorkers', -1],
    ['workerCapacity', 'SPOT'],
    ['workerIdleSeconds', 0],
    ['workerVcpus', 3],
    ['workerMemoryGb', 2],
    ['workerMemoryGb', 17],
    ['cpuArchitecture', 'arm'],
    ['mention', 'agent'],
    ['mention', '@agent smith'],
    ['model', ''],
    ['budgetUsd', 0],
    ['maxTurns', 0],
    ['models', []],
    ['models', ['claude-opus-5-5,other']],
    ['bedrock', { region: 'Frankfurt', models: { 'claude-opus-5-5': 'anthropic.claude-opus-5-5-v1:0' } }],
    ['bedrock', { region: 'eu-central-1', models: { 'claude-opus-5-5': 'arn:aws:iam::1:role/x' } }],
    [
      'bedrock',
      { region: 'eu-central-1', models: { 'claude-haiku-5-5': 'anthropic.claude-haiku-5-5-v1:0' } },
    ],
    ['githubApiUrl', 'api.github.com'],
    ['databaseClass', 'db.t4g.micro'],
    ['databaseDeletionProtection', 'yes'],
    ['onRemoval', 'snapshot'],
    ['setupRegistries', ['npn']],
    ['openHosts', ['169.254.169.254']],
    ['openHosts', ['https://docs.example.com']],
    ['openHosts', ['*.example.com']],
    ['dnsFirewall', 'on'],
    ['logDays', 31],
    ['alarmEmail', 'nobody'],
    ['workerCapp', 3],
  ];
  for (const [name, value] of refused)
    it(`refuses ${name} = ${JSON.stringify(value)} and names it`, () =>
      expect(() => synthesize({ [name]: value })).toThrow(new RegExp(`agentBot in cdk.json: .*${name}`)));

  it('wants an id at Bedrock for every model that may be named', () => {
    const bedrock = {
      region: 'eu-central-1',
      models: { 'claude-opus-5-5': 'anthropic.claude-opus-5-5-v1:0' },
    };
    expect(() => parseSettings({ models: ['claude-haiku-5-5'], bedrock })).toThrow(
      'bedrock.models: has no id for claude-haiku-5-5',
    );
  });

  it('names every setting that is wrong, not only the first', () => {
    expect(() => parseSettings({ workerCap: 0, model: '' })).toThrow(/workerCap.*model/);
  });

  it('gives reconcile and the worker what was set', () => {
    const template = synthesize({
      workerCap: 7,
      warmWorkers: 2,
      workerCapacity: 'spot',
      mention: '@helper',
      model: 'claude-haiku-5-5',
      models: ['claude-haiku-5-5'],
      bedrock: { region: 'eu-central-1', models: { 'claude-haiku-5-5': 'anthropic.claude-haiku-5-5-v1:0' } },
      budgetUsd: 1.5,
      maxTurns: 9,
      workerVcpus: 4,
      workerMemoryGb: 16,
      cpuArchitecture: 'ARM64',
      githubUrl: 'https://github.example',
      setupRegistries: ['npm', 'pypi'],
      openHosts: ['docs.example.com'],
    });
    const functions = resourcesOf(template, 'AWS::Lambda::Function');
    expect(functions['ReconcileFunction']!['Properties'].Environment.Variables).toMatchObject({
      WORKER_CAP: '7',
      WARM_WORKERS: '2',
      WORKER_CAPACITY: 'spot',
    });
    for (const name of ['GithubFunction', 'TriageFunction'])
      expect(functions[name]!['Properties'].Environment.Variables.MENTION).toBe('@helper');
    expect(only(template, 'AWS::ECS::TaskDefinition')).toMatchObject({
      Cpu: '4096',
      Memory: '16384',
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
    });
    const [task] = Object.values(template.findResources('AWS::ECS::TaskDefinition'));
    expect(task!['Properties'].ContainerDefinitions[0].Environment).toEqual(
      expect.arrayContaining([
        { Name: 'MODEL', Value: 'claude-haiku-5-5' },
        { Name: 'MODELS', Value: 'claude-haiku-5-5' },
        {
          Name: 'BEDROCK',
          Value: '{"region":"eu-central-1","models":{"claude-haiku-5-5":"anthropic.claude-haiku-5-5-v1:0"}}',
        },
        { Name: 'BUDGET_USD', Value: '1.5' },
        { Name: 'MAX_TURNS', Value: '9' },
        { Name: 'GITHUB_URL', Value: 'https://github.example' },
        { Name: 'SETUP_REGISTRIES', Value: 'npm,pypi' },
        { Name: 'OPEN_HOSTS', Value: 'docs.example.com' },
      ]),
    );
  });

  it('keeps the data by default and lets it go only when told to', () => {
    const policies = (template: ReturnType<typeof synthesize>) =>
      new Set(
        ['AWS::RDS::DBInstance', 'AWS::S3::Bucket', 'AWS::SecretsManager::Secret']
          .flatMap((type) => Object.values(template.findResources(type)))
          .map(({ DeletionPolicy, UpdateReplacePolicy }) => `${DeletionPolicy} ${UpdateReplacePolicy}`),
      );
    // created and rolled back it goes, so a failed first deploy leaves no orphan
    expect(policies(synthesize())).toEqual(new Set(['RetainExceptOnCreate Retain']));
    expect(policies(synthesize({ onRemoval: 'destroy' }))).toEqual(new Set(['Delete Delete']));
  });

  it('gives a larger database its own memory settings back', () => {
    const parameters = (databaseClass: string) =>
      Object.values(synthesize({ databaseClass }).findResources('AWS::RDS::DBParameterGroup'))[0]![
        'Properties'
      ].Parameters;
    expect(parameters('t4g.micro')).toEqual({
      'rds.force_ssl': '1',
      shared_buffers: '8192',
      max_connections: '40',
    });
    expect(parameters('m7g.large')).toEqual({ 'rds.force_ssl': '1' });
  });
});
