import { describe, expect, it } from 'vitest';
import { only, synthesize } from './synthesize.ts';

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

type Metric = { Namespace: string; MetricName: string; Dimensions: { Name: string; Value: object }[] };

const metricsOf = (properties: Metric & { Metrics?: { MetricStat?: { Metric: Metric } }[] }): Metric[] =>
  properties.Metrics?.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : [])) ?? [properties];

describe('alarms', () => {
  it('are few, for each is paid for every month', () => expect(alarms).toHaveLength(10));

  for (const [id, { Properties }] of alarms) {
    it(`${id} says who is hurt`, () =>
      expect(Properties.AlarmDescription).toMatch(
        /\b(requests?|people|somebody|workers|the person|everybody)\b/i,
      ));

    it(`${id} watches metrics that exist, of resources that exist`, () => {
      const metrics = metricsOf(Properties);
      expect(metrics.length).toBeGreaterThan(0);
      for (const { Namespace, MetricName, Dimensions } of metrics) {
        const { names, dimensions, type } = known[Namespace]!;
        expect(names).toContain(MetricName);
        expect(Dimensions.map(({ Name }) => Name)).toEqual([dimensions]);
        expect(JSON.stringify(Dimensions[0]!.Value)).toMatch(
          new RegExp(Object.keys(template.findResources(type)).join('|')),
        );
      }
    });
  }

  it('go off when reconcile falls silent, and are calm when the others do', () => {
    for (const [id, { Properties }] of alarms)
      expect(Properties.TreatMissingData).toBe(
        id.startsWith('ReconcileSilent') ? 'breaching' : 'notBreaching',
      );
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
