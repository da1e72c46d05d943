import { Duration, Stack } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { FilterPattern } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ReconcileEnv } from '#functions/env.ts';
import type { neverStartedMessage } from '#functions/handlers/reap-workers.ts';
import { raise } from './alarm.ts';
import { allow } from './allow.ts';
import { lambdaFunction } from './lambda-function.ts';
import type { Ledger } from './ledger.ts';
import type { Queues } from './queues.ts';
import type { Settings } from './settings.ts';
import type { Worker } from './worker.ts';

type ReconcileProps = {
  ledger: Ledger;
  worker: Worker;
  queues: Queues;
  settings: Settings;
  logRetention: RetentionDays;
};

const neverStartedLine: typeof neverStartedMessage = 'workers do not start';

/** The only one that starts and stops workers: every minute, when triage pokes it, and when a worker has stopped. Rings for what waits. */
export class Reconcile extends Construct {
  readonly schedule: Rule;
  private readonly handler: NodejsFunction;

  constructor(scope: Construct, id: string, props: ReconcileProps) {
    super(scope, id);
    const { ledger, worker, queues, settings, logRetention } = props;
    const environment: ReconcileEnv = {
      LEDGER_FUNCTION: ledger.functionName,
      INBOX_QUEUE_URL: queues.inbox.queueUrl,
      ...worker.launchEnvironment,
      WORKER_CAP: String(settings.workerCap),
      WARM_WORKERS: String(settings.warmWorkers),
      WORKER_CAPACITY: settings.workerCapacity,
      ...queues.laneUrls,
    };
    this.handler = lambdaFunction(this, {
      entry: 'reconcile',
      description: 'agent-bot: starts and stops workers, rings for what waits',
      environment,
      timeout: Duration.seconds(50),
      logRetention,
    });
    ledger.grantCall(this.handler);
    queues.grantRing(this.handler);
    worker.grantLaunch(this.handler);
    queues.inbox.grantSend(this.handler); // what an operator brings back
    // the next minute is the retry; an old poke is worth nothing
    this.handler.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    this.schedule = new Rule(this, 'Schedule', {
      description: 'agent-bot: are there enough workers?',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(this.handler, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
    new Rule(this, 'WorkerStopped', {
      description: 'agent-bot: a worker has stopped; does its thread, or another, need the next one?',
      eventPattern: {
        source: ['aws.ecs'],
        detailType: ['ECS Task State Change'],
        detail: { clusterArn: [worker.launchEnvironment.CLUSTER_ARN], lastStatus: ['STOPPED'] },
      },
      targets: [new LambdaFunction(this.handler, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
    this.watch();
  }

  get functionName() {
    return this.handler.functionName;
  }

  grantCall(caller: IGrantable) {
    allow(caller, ['lambda:InvokeFunction'], { resources: [this.handler.functionArn] });
  }

  private watch() {
    const neverStarted = this.handler.logGroup.addMetricFilter('NeverStarted', {
      filterPattern: FilterPattern.stringValue('$.message', '=', neverStartedLine),
      metricNamespace: Stack.of(this).stackName, // two stacks in one account do not ring for each other
      metricName: 'WorkerNeverStarted',
    });
    raise(this, 'NeverStarted', {
      alarmDescription:
        'Requests wait without a worker: three in a row were launched and never heard of. The log of reconcile says what ECS gives as the reason, an image that cannot be pulled for example.',
      metric: neverStarted.metric({ statistic: 'Sum', period: Duration.minutes(5) }),
      threshold: 0,
    });
    raise(this, 'Errors', {
      alarmDescription:
        'Requests wait: for five minutes workers could not be started or stopped, or rings not be sent.',
      metric: this.handler.metricErrors({ period: Duration.minutes(5) }),
      threshold: 2,
    });
    raise(this, 'Silent', {
      alarmDescription:
        'Requests wait without a worker: nothing has asked for ten minutes whether one is needed.',
      metric: this.handler.metricInvocations({ period: Duration.minutes(5) }),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 1,
      evaluationPeriods: 2,
      treatMissingData: TreatMissingData.BREACHING,
    });
  }
}
