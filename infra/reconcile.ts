import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ReconcileEnv } from '#functions/env.ts';
import { raise } from './alarm.ts';
import { allow } from './allow.ts';
import { lambdaFunction } from './lambda-function.ts';
import type { Ledger } from './ledger.ts';
import type { FifoQueue } from './queues.ts';
import type { Worker } from './worker.ts';

type ReconcileProps = {
  ledger: Ledger;
  inbox: FifoQueue;
  worker: Worker;
  workerCap: number;
  warmWorkers: number;
  logRetention: RetentionDays;
};

/** The only one that starts workers: every minute, and when triage pokes it. */
export class Reconcile extends Construct {
  readonly schedule: Rule;
  private readonly handler: NodejsFunction;

  constructor(
    scope: Construct,
    id: string,
    { ledger, inbox, worker, logRetention, ...props }: ReconcileProps,
  ) {
    super(scope, id);
    const environment: ReconcileEnv = {
      LEDGER_FUNCTION: ledger.functionName,
      INBOX_QUEUE_URL: inbox.queueUrl,
      ...worker.launchEnvironment,
      WORKER_CAP: String(props.workerCap),
      WARM_WORKERS: String(props.warmWorkers),
    };
    this.handler = lambdaFunction(this, {
      entry: 'reconcile',
      description: 'agent-bot: starts workers',
      environment,
      timeout: Duration.seconds(50),
      logRetention,
    });
    ledger.grantCall(this.handler);
    worker.grantLaunch(this.handler);
    inbox.grantSend(this.handler); // what an operator brings back
    // the next minute is the retry; an old poke is worth nothing
    this.handler.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    this.schedule = new Rule(this, 'Schedule', {
      description: 'agent-bot: are there enough workers?',
      schedule: Schedule.rate(Duration.minutes(1)),
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
    raise(this, 'Errors', {
      alarmDescription: 'Requests wait without a worker: starting one has failed for five minutes.',
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
