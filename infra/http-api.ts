import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi as GatewayApi,
  HttpMethod,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Route } from '#functions/routes.ts';
import { raise } from './alarm.ts';

type HttpApiProps = { routes: { [R in Route]: IFunction }; logRetention: RetentionDays };

/** What the internet sees: exactly the routes that the functions know. */
export class HttpApi extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, { routes, logRetention }: HttpApiProps) {
    super(scope, id);
    const api = new GatewayApi(this, 'Api', { createDefaultStage: false, description: 'agent-bot' });
    const stage = new HttpStage(this, 'Stage', {
      httpApi: api,
      autoDeploy: true,
      throttle: { rateLimit: 50, burstLimit: 200 },
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          new LogGroup(this, 'AccessLog', { retention: logRetention, removalPolicy: RemovalPolicy.DESTROY }),
        ),
        format: AccessLogFormat.custom(JSON.stringify(accessLogFields)),
      },
    });
    this.url = stage.url;
    for (const [route, handler] of Object.entries(routes)) addRoute(api, route, handler);
    raise(this, 'ServerErrors', {
      alarmDescription:
        'Requests from GitHub are not being taken: the webhook answers with 5xx, and GitHub does not send twice.',
      metric: api.metricServerError({ period: Duration.minutes(5), statistic: 'Sum' }),
      threshold: 2,
    });
  }
}

/** No query string and no header: either may carry what nobody should read in a log. */
const accessLogFields = {
  time: '$context.requestTime',
  requestId: '$context.requestId',
  ip: '$context.identity.sourceIp',
  route: '$context.routeKey',
  status: '$context.status',
  bytes: '$context.responseLength',
  integrationError: '$context.integrationErrorMessage',
};

const addRoute = (api: GatewayApi, route: string, handler: IFunction) => {
  const [method = '', path = ''] = route.split(' ');
  const [added] = api.addRoutes({
    path,
    methods: [HttpMethod[method as HttpMethod]],
    integration: new HttpLambdaIntegration(path.replaceAll(/[^a-z]/gi, '-').slice(1), handler),
  });
  if (added)
    Validations.of(added).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        'A webhook proves itself by the signature of its body, which the function checks before all else; liveness is for everybody.',
    });
};
