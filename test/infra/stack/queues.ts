import { describe, expect, it } from 'vitest';
import { secondsUntilRetry } from '#functions/handlers/back-off.ts';
import { nameOf, readable, resourcesOf, synthesize } from './synthesize.ts';

const template = synthesize();
const queues = resourcesOf(template, 'AWS::SQS::Queue');

describe('queues', () => {
  it('are the inbox, three lanes and one for dead letters', () => {
    expect(Object.keys(queues).sort()).toEqual([
      'QueuesDeadLetters',
      'QueuesInbox',
      'QueuesTasksHigh',
      'QueuesTasksLow',
      'QueuesTasksNormal',
    ]);
  });

  for (const [name, { Properties }] of Object.entries(queues)) {
    it(`${name} is FIFO by conversation, encrypted, and keeps its messages for 14 days`, () =>
      expect(Properties).toMatchObject({
        FifoQueue: true,
        DeduplicationScope: 'messageGroup',
        FifoThroughputLimit: 'perMessageGroupId',
        SqsManagedSseEnabled: true,
        MessageRetentionPeriod: 14 * 24 * 60 * 60,
      }));

    it(`${name} refuses who comes without TLS`, () => {
      const refusals = Object.values(template.findResources('AWS::SQS::QueuePolicy'))
        .filter((policy) => policy['Properties'].Queues.map(readable).includes(name))
        .flatMap((policy) => policy['Properties'].PolicyDocument.Statement)
        .map(({ Effect, Principal, Action, Resource, Condition }) => [
          `${Effect} ${Principal.AWS} ${Action} ${readable(Resource)}`,
          Condition,
        ]);
      expect(refusals).toEqual([[`Deny * sqs:* ${name}.Arn`, { Bool: { 'aws:SecureTransport': 'false' } }]]);
    });
  }

  it('give up in the one dead-letter queue, after more receives than any outage costs', () => {
    const redrives = Object.entries(queues).map(
      ([
        name,
        {
          Properties: { RedrivePolicy: redrive },
        },
      ]) => [name, redrive && `${readable(redrive.deadLetterTargetArn)} after ${redrive.maxReceiveCount}`],
    );
    const rest = 'QueuesDeadLetters.Arn after 50';
    expect(Object.fromEntries(redrives)).toEqual({
      QueuesInbox: 'QueuesDeadLetters.Arn after 486',
      QueuesTasksHigh: rest,
      QueuesTasksNormal: rest,
      QueuesTasksLow: rest,
      QueuesDeadLetters: undefined,
    });
  });

  it('try a delivery for a day before it is given up, whether triage fails or its host dies', () => {
    const { RedrivePolicy, VisibilityTimeout } = queues['QueuesInbox']!['Properties'];
    const tries = Array.from({ length: RedrivePolicy.maxReceiveCount }, (_, index) => index + 1);
    const waits = tries.map((nth) => Math.min(secondsUntilRetry(nth), VisibilityTimeout));
    const seconds = waits.reduce((sum, wait) => sum + wait);
    expect(seconds).toBeGreaterThanOrEqual(24 * 60 * 60);
    expect(seconds - waits.at(-1)!).toBeLessThan(25 * 60 * 60);
    expect(secondsUntilRetry(tries.length)).toBe(VisibilityTimeout);
  });

  it('hide a message for six times the time that its function has, and a ring for longer than a lease', () => {
    const functions = resourcesOf(template, 'AWS::Lambda::Function');
    const reads = { QueuesInbox: 'TriageFunction', QueuesDeadLetters: 'DeadLettersFunction' };
    for (const [queue, reader] of Object.entries(reads))
      expect(queues[queue]!['Properties'].VisibilityTimeout).toBe(
        6 * functions[reader]!['Properties'].Timeout,
      );
    for (const lane of ['High', 'Normal', 'Low'])
      expect(queues[`QueuesTasks${lane}`]!['Properties'].VisibilityTimeout).toBe(120);
  });

  it('are read in batches of which the failed part comes back: the inbox by triage, what is put aside by dead-letters', () => {
    const sources = Object.values(template.findResources('AWS::Lambda::EventSourceMapping')).map(
      ({ Properties }) => [
        `${readable(Properties.EventSourceArn)} → ${readable(Properties.FunctionName)}`,
        Properties,
      ],
    );
    const partly = { FunctionResponseTypes: ['ReportBatchItemFailures'] };
    expect(Object.fromEntries(sources)).toMatchObject({
      'QueuesInbox.Arn → TriageFunction': {
        ...partly,
        BatchSize: 10,
        ScalingConfig: { MaximumConcurrency: 5 },
      },
      'QueuesDeadLetters.Arn → DeadLettersFunction': {
        ...partly,
        BatchSize: 5,
        ScalingConfig: { MaximumConcurrency: 2 },
      },
    });
  });

  it('and the schedule of reconcile start only when the schema is there', () => {
    const { ReconcileSchedule } = resourcesOf(template, 'AWS::Events::Rule');
    const sources = Object.values(template.findResources('AWS::Lambda::EventSourceMapping'));
    for (const { DependsOn } of [ReconcileSchedule!, ...sources])
      expect([DependsOn].flat().map(nameOf)).toContain('MigrateOnDeploy');
  });
});
