import { describe, expect, it } from 'vitest';
import { lostMessage } from '#functions/handlers/sweep.ts';
import { neverStartedMessage } from '#functions/handlers/reap-workers.ts';
import { secretInChangeLine } from '#worker/publish/patch-secrets.ts';
import { only, readable, synthesize } from './synthesize.ts';

const template = synthesize();
const alarms = Object.entries(template.findResources('AWS::CloudWatch::Alarm'));

/** Metrics that AWS documents, with the dimensions under which it sends them: an alarm on another one is silent for ever. */
const known: Record<string, { names: string[]; dimensions: string; type: string }> = {
  'AWS/SQS': {
    names: ['ApproximateAgeOfOldestMessage', 'NumberOfMessagesReceived'],
    dimensions: 'QueueName',
    type: 'AWS::SQS::Queue',
  },
  'AWS/Lambda': {
    names: ['Errors', 'Invocations'],
    dimensions: 'FunctionName',
    type: 'AWS::Lambda::Function',
  },
  'AWS/RDS': {
    names: ['FreeStorageSpace', 'FreeableMemory'],
    dimensions: 'DBInstanceIdentifier',
    type: 'AWS::RDS::DBInstance',
  },
  'AWS/ApiGateway': { names: ['5xx'], dimensions: 'ApiId', type: 'AWS::ApiGatewayV2::Api' },
};

type Metric = { Namespace: string; MetricName: string; Dimensions?: { Name: string; Value: object }[] };

const metricsOf = (properties: Metric & { Metrics?: { MetricStat?: { Metric: Metric } }[] }): Metric[] =>
  properties.Metrics?.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : [])) ?? [properties];

/** The metric filter on the log of one function. */
const filterOn = (log: string) =>
  Object.values(template.findResources('AWS::Logs::MetricFilter')).find(
    ({ Properties }) => readable(Properties.LogGroupName) === log,
  )!['Properties'];

describe('alarms', () => {
  it('are few, for each is paid for every month', () => expect(alarms).toHaveLength(14));

  for (const [id, { Properties }] of alarms) {
    it(`${id} says who is hurt`, () =>
      expect(Properties.AlarmDescription).toMatch(
        /\b(requests?|people|somebody|workers|the person|everybody)\b/i,
      ));

    it(`${id} watches metrics that exist, of resources that exist`, () => {
      const metrics = metricsOf(Properties);
      expect(metrics.length).toBeGreaterThan(0);
      for (const { Namespace, MetricName, Dimensions = [] } of metrics) {
        if (Namespace === 'AgentBot') continue; // made by a filter of our own: see below
        const { names, dimensions, type } = known[Namespace]!;
        expect(names).toContain(MetricName);
        expect(Dimensions.map(({ Name }) => Name)).toEqual([dimensions]);
        expect(JSON.stringify(Dimensions[0]!.Value)).toMatch(
          new RegExp(Object.keys(template.findResources(type)).join('|')),
        );
      }
    });
  }

  it('go off when reconcile or sweep fall silent, and are calm when the others do', () => {
    const loud = alarms.filter(([, { Properties }]) => Properties.TreatMissingData !== 'notBreaching');
    expect(loud.map(([id, { Properties }]) => [id.slice(0, -8), Properties.TreatMissingData])).toEqual([
      ['ReconcileSilent', 'breaching'],
      ['SweepSilent', 'breaching'],
    ]);
  });

  it('hear of a lost delivery from the line that sweep writes', () => {
    const { FilterPattern, MetricTransformations } = filterOn('SweepLogs');
    expect(FilterPattern).toBe(`{ $.message = "${lostMessage}" }`);
    const [{ MetricNamespace, MetricName, MetricValue }] = MetricTransformations;
    expect(MetricValue).toBe('1');
    const [, lost] = alarms.find(([id]) => id.startsWith('SweepLost'))!;
    expect(lost['Properties']).toMatchObject({
      Namespace: MetricNamespace,
      MetricName,
      Statistic: 'Sum',
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
    });
  });

  it('hear of launches that come to nothing from the line that reconcile writes', () => {
    const { FilterPattern, MetricTransformations } = filterOn('ReconcileLogs');
    expect(FilterPattern).toBe(`{ $.message = "${neverStartedMessage}" }`);
    const [{ MetricNamespace, MetricName, MetricValue }] = MetricTransformations;
    expect([MetricName, MetricValue]).toEqual(['WorkerNeverStarted', '1']);
    const [, alarm] = alarms.find(([id]) => id.startsWith('ReconcileNeverStarted'))!;
    expect(alarm['Properties']).toMatchObject({
      Namespace: MetricNamespace,
      MetricName,
      Statistic: 'Sum',
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
    });
  });

  it('hear of a secret in a change from the line that the worker writes', () => {
    const { FilterPattern, MetricTransformations } = filterOn('WorkerLogs');
    expect(FilterPattern).toBe(`{ $.message = "${secretInChangeLine}" }`);
    const [{ MetricName, MetricValue }] = MetricTransformations;
    expect([MetricName, MetricValue]).toEqual(['SecretInChange', '1']);
    const [, alarm] = alarms.find(([id]) => id.startsWith('WorkerSecretInChange'))!;
    expect(alarm['Properties']).toMatchObject({ MetricName, Statistic: 'Sum', Threshold: 0 });
  });

  it('tell nobody without an address', () => {
    expect(template.findResources('AWS::SNS::Topic')).toEqual({});
    expect(alarms.map(([, { Properties }]) => Properties.AlarmActions)).toEqual(alarms.map(() => undefined));
  });

  it('all reach the address, through a topic that the alarms of this account may write to over TLS', () => {
    const mailed = synthesize({ alarmEmail: 'ops@example.com' });
    expect(only(mailed, 'AWS::SNS::Subscription')).toMatchObject({
      Protocol: 'email',
      Endpoint: 'ops@example.com',
    });
    const [topic] = Object.keys(mailed.findResources('AWS::SNS::Topic'));
    const actions = Object.values(mailed.findResources('AWS::CloudWatch::Alarm')).map(
      ({ Properties }) => Properties.AlarmActions,
    );
    expect(actions).toEqual(alarms.map(() => [{ Ref: topic }]));
    expect(only(mailed, 'AWS::SNS::TopicPolicy').PolicyDocument.Statement).toEqual([
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    ]);
  });
});
