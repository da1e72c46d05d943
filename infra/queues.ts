import { Duration } from 'aws-cdk-lib';
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { QueueProps } from 'aws-cdk-lib/aws-sqs';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Lane } from '#core/task.ts';
import { raise } from './alarm.ts';
import { allow } from './allow.ts';

/** Every receive counts, whatever its reason, so this is a backstop; attempts are counted in Postgres. */
const maxReceiveCount = 50;
/** A permission that cannot be asked for is asked again for a day before the delivery is given up: never a silent loss. */
const inboxPatience = Duration.hours(24);
/**
 * The tries that triage's back-off brings sooner than the visibility would: 5 s to 160 s apart, in all some minutes. All
 * others are a visibility apart, whether triage failed or its host died, so that without these they make the day.
 */
const earlyTries = 6;
/** Longer than any outage that somebody was told of; SQS allows 14 days. */
const retentionPeriod = Duration.days(14);

type Timeouts = { triageTimeout: Duration; deadLettersTimeout: Duration };

/** The inbox, the three lanes and the one queue where messages of all of them end that nothing could handle. */
export class Queues extends Construct {
  readonly inbox: FifoQueue;
  readonly lanes: Record<Lane, FifoQueue>;
  readonly deadLetters: FifoQueue;

  constructor(scope: Construct, id: string, { triageTimeout, deadLettersTimeout }: Timeouts) {
    super(scope, id);
    // Lambda asks for six times the function's timeout: it retries a throttled batch within the visibility
    const sixTimes = (timeout: Duration) => Duration.seconds(6 * timeout.toSeconds());
    this.deadLetters = new FifoQueue(this, 'DeadLetters', {
      visibilityTimeout: sixTimes(deadLettersTimeout),
    });
    const deadLetterQueue = { queue: this.deadLetters, maxReceiveCount };
    const inboxVisibility = sixTimes(triageTimeout);
    this.inbox = new FifoQueue(this, 'Inbox', {
      deadLetterQueue: {
        queue: this.deadLetters,
        maxReceiveCount: earlyTries + Math.ceil(inboxPatience.toSeconds() / inboxVisibility.toSeconds()),
      },
      visibilityTimeout: inboxVisibility,
    });
    const lane = (name: string) =>
      new FifoQueue(this, name, { deadLetterQueue, visibilityTimeout: Duration.seconds(120) });
    this.lanes = { high: lane('TasksHigh'), normal: lane('TasksNormal'), low: lane('TasksLow') };
    this.watch();
  }

  get laneUrls() {
    return {
      HIGH_QUEUE_URL: this.lanes.high.queueUrl,
      NORMAL_QUEUE_URL: this.lanes.normal.queueUrl,
      LOW_QUEUE_URL: this.lanes.low.queueUrl,
    };
  }

  /** To ring for a thread, on whatever lane it is. */
  grantRing(ringer: IGrantable) {
    allow(ringer, ['sqs:SendMessage'], { resources: this.laneArns() });
  }

  /** To take a ring, hold it and end it. */
  grantWork(worker: IGrantable) {
    allow(worker, ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'], {
      resources: this.laneArns(),
    });
  }

  private laneArns() {
    return Object.values(this.lanes).map(({ queueArn }) => queueArn);
  }

  private watch() {
    raise(this, 'InboxWaits', {
      alarmDescription:
        'People who mentioned the agent have waited ten minutes without a reaction: triage does not get on.',
      metric: this.inbox.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum' }),
      threshold: Duration.minutes(10).toSeconds(),
    });
    const { high, normal, low } = this.lanes;
    const age = (queue: Queue) => queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum' });
    raise(this, 'LanesWait', {
      // a ring stays in its lane while its job runs, for up to an hour
      alarmDescription:
        'Somebody has waited 90 minutes for an answer: workers do not start, or there are too few.',
      metric: new MathExpression({
        expression: 'MAX([high, normal, low])',
        usingMetrics: { high: age(high), normal: age(normal), low: age(low) },
        label: 'oldest ring',
      }),
      threshold: Duration.minutes(90).toSeconds(),
    });
  }
}

/** FIFO by conversation at high throughput, encrypted with SQS's own key, refusing whoever comes without TLS. */
export class FifoQueue extends Queue {
  constructor(scope: Construct, id: string, props: QueueProps = {}) {
    super(scope, id, {
      fifo: true,
      deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod,
      ...props,
    });
  }

  grantSend(sender: IGrantable) {
    allow(sender, ['sqs:SendMessage'], { resources: [this.queueArn] });
  }

  /** What Lambda's poller needs of the function that it calls. */
  grantPoll(handler: IGrantable) {
    allow(handler, ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], {
      resources: [this.queueArn],
    });
  }

  /** To say when a message that was not handled is to come again. */
  grantBackOff(handler: IGrantable) {
    allow(handler, ['sqs:ChangeMessageVisibility'], { resources: [this.queueArn] });
  }
}
