import { describe, expect, it } from 'vitest';
import {
  deadLettersEnvSchema,
  ledgerEnvSchema,
  migrateEnvSchema,
  reconcileEnvSchema,
  sweepEnvSchema,
  triageEnvSchema,
  webhookEnvSchema,
} from '#functions/env.ts';
import { routes } from '#functions/routes.ts';
import { workerEnvSchema } from '#worker/env.ts';
import { only, readable, resourcesOf, synthesize } from './synthesize.ts';

const template = synthesize();

/** What CloudFormation would put in the place of its tokens. */
const filled = (environment: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : name.endsWith('_PORT') ? '5432' : 'https://filled.example/in',
    ]),
  );

describe('environments', () => {
  const functions = resourcesOf(template, 'AWS::Lambda::Function');
  const schemas = {
    GithubFunction: webhookEnvSchema,
    TriageFunction: triageEnvSchema,
    DeadLettersFunction: deadLettersEnvSchema,
    SweepFunction: sweepEnvSchema,
    LedgerFunction: ledgerEnvSchema,
    MigrateFunction: migrateEnvSchema,
    ReconcileFunction: reconcileEnvSchema,
  };
  for (const [name, schema] of Object.entries(schemas))
    it(`${name} can parse what it is given, and is given nothing else`, () => {
      const { Variables } = functions[name]!['Properties'].Environment;
      expect(Object.keys(schema.strict().parse(filled(Variables)))).not.toHaveLength(0);
    });

  it('the worker can parse what it is given once the launch adds its own two', () => {
    const [task] = Object.values(template.findResources('AWS::ECS::TaskDefinition'));
    const given: { Name: string; Value: unknown }[] = task!['Properties'].ContainerDefinitions[0].Environment;
    const { AWS_REGION, ...environment } = Object.fromEntries(given.map(({ Name, Value }) => [Name, Value]));
    expect(readable(AWS_REGION)).toBe('AWS::Region');
    const launch = { WORKER_ID: '00000000-0000-4000-8000-000000000001', LANE_ORDER: 'high,normal,low' };
    expect(workerEnvSchema.strict().parse({ ...filled(environment), ...launch })).toMatchObject({
      LANE_ORDER: ['high', 'normal', 'low'],
      DATABASE_AUTH: 'iam',
    });
    expect(workerEnvSchema.safeParse(filled(environment)).error?.issues.map(({ path }) => path[0])).toEqual([
      'WORKER_ID',
      'LANE_ORDER',
    ]);
  });

  it('the API has the routes that the functions know, each behind its function, and no other', () => {
    const integrations = template.findResources('AWS::ApiGatewayV2::Integration');
    const targetOf = (route: { Target: { 'Fn::Join': [string, [string, { Ref: string }]] } }) =>
      readable(integrations[route.Target['Fn::Join'][1][1].Ref]!['Properties'].IntegrationUri);
    const given = Object.values(template.findResources('AWS::ApiGatewayV2::Route')).map(({ Properties }) => [
      Properties.RouteKey,
      targetOf(Properties).replace('Function.Arn', '').toLowerCase(),
    ]);
    expect(Object.fromEntries(given)).toEqual(routes);
    for (const { Properties } of Object.values(integrations))
      expect(Properties.PayloadFormatVersion).toBe('2.0');
  });

  it('the API is throttled and logs who was answered what, never a header or a query', () => {
    const { DefaultRouteSettings, AccessLogSettings, StageName, AutoDeploy } = only(
      template,
      'AWS::ApiGatewayV2::Stage',
    );
    expect({ StageName, AutoDeploy }).toEqual({ StageName: '$default', AutoDeploy: true });
    expect(DefaultRouteSettings).toEqual({ ThrottlingRateLimit: 50, ThrottlingBurstLimit: 200 });
    expect(AccessLogSettings.Format).toContain('$context.status');
    expect(AccessLogSettings.Format).not.toMatch(/header|query|path\b|authorizer/i);
  });

  it('a poke or a tick that fails is not repeated: the next one is the retry', () => {
    const once = { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 };
    const invokes = Object.values(template.findResources('AWS::Lambda::EventInvokeConfig'));
    expect(
      invokes.map(({ Properties }) => [readable(Properties.FunctionName), Properties]).sort(),
    ).toMatchObject([
      ['ReconcileFunction', once],
      ['SweepFunction', once],
    ]);
    const rules = Object.values(template.findResources('AWS::Events::Rule'));
    expect(
      rules
        .map(({ Properties }) => [
          readable(Properties.Targets[0].Arn),
          Properties.ScheduleExpression ?? Properties.EventPattern['detail-type'][0],
        ])
        .sort(),
    ).toEqual([
      ['ReconcileFunction.Arn', 'ECS Task State Change'],
      ['ReconcileFunction.Arn', 'rate(1 minute)'],
      ['SweepFunction.Arn', 'rate(5 minutes)'],
    ]);
    expect(rules.map(({ Properties }) => Properties.Targets[0].RetryPolicy)).toEqual(
      rules.map(() => ({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 })),
    );
  });

  it('every function runs on Node 24 and ends before its caller gives up', () => {
    const timeouts = Object.entries(functions)
      .filter(([name]) => name.endsWith('Function'))
      .map(([name, { Properties }]) => [name, Properties.Timeout]);
    expect(Object.fromEntries(timeouts)).toEqual({
      GithubFunction: 10, // GitHub waits as long
      HealthFunction: 3,
      LedgerFunction: 20, // triage waits for it
      TriageFunction: 30,
      DeadLettersFunction: 30,
      ReconcileFunction: 50, // the schedule's minute
      SweepFunction: 240, // the schedule's five
      MigrateFunction: 300, // the trigger waits for 360
    });
    for (const { Properties } of Object.values(functions)) expect(Properties.Runtime).toBe('nodejs24.x');
  });
});
