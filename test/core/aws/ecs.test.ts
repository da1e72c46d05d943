import { ECSClient } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { createLauncher } from '#core/aws/ecs.ts';
import { onLoopback } from '#test/support/aws-client.ts';
import type { Answer } from '#test/support/http-server.ts';
import { startServer } from '#test/support/http-server.ts';

const taskArn = 'arn:aws:ecs:us-east-1:000000000000:task/c/1';
const workerId = '6f8b5a1e-31d3-4f6b-9f0e-6f1d2c3b4a59';
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const launchWith = async (...answers: Answer[]) => {
  const server = await startServer(() => answers.shift() ?? 'cut');
  const client = new ECSClient({ ...onLoopback(server.url), maxAttempts: answers.length || 1 });
  closers.push(server.close, () => client.destroy());
  const launcher = createLauncher(client, {
    cluster: 'c',
    taskDefinition: 'worker:3',
    container: 'worker',
    subnets: ['subnet-1', 'subnet-2'],
    securityGroups: ['sg-1'],
  });
  return { server, result: launcher.launch({ workerId, laneOrder: ['low', 'high', 'normal'] }) };
};
const started: Answer = { json: { tasks: [{ taskArn }], failures: [] } };
const failure = (reason: string): Answer => ({ json: { tasks: [], failures: [{ arn: 'c', reason }] } });
const exception = (type: string, message = ''): Answer => ({ status: 400, json: { __type: type, message } });

describe('createLauncher', () => {
  it('asks for one Fargate task with the worker as client token and its lanes', async () => {
    const { server, result } = await launchWith(started);
    expect(await result).toStrictEqual({ kind: 'started', taskArn });
    expect(JSON.parse(server.seen[0]!.body)).toStrictEqual({
      clientToken: workerId,
      cluster: 'c',
      count: 1,
      launchType: 'FARGATE',
      taskDefinition: 'worker:3',
      networkConfiguration: {
        awsvpcConfiguration: {
          assignPublicIp: 'ENABLED',
          securityGroups: ['sg-1'],
          subnets: ['subnet-1', 'subnet-2'],
        },
      },
      overrides: {
        containerOverrides: [
          {
            name: 'worker',
            environment: [
              { name: 'WORKER_ID', value: workerId },
              { name: 'LANE_ORDER', value: 'low,high,normal' },
            ],
          },
        ],
      },
    });
  });

  it('repeats a lost answer with the same client token', async () => {
    const { server, result } = await launchWith('cut', started);
    expect(await result).toMatchObject({ kind: 'started' });
    const tokens = server.seen.map(({ body }) => (JSON.parse(body) as { clientToken: string }).clientToken);
    expect(tokens).toStrictEqual([workerId, workerId]);
  });

  it.each([
    failure('RESOURCE:CPU'),
    failure(
      'Capacity is unavailable at this time. Please try again later or in a different availability zone',
    ),
    failure("You've reached the limit on the number of vCPUs you can run concurrently"),
    exception('ThrottlingException', 'Rate exceeded'),
    exception('ClientException', "You've reached the limit on the number of tasks you can run concurrently"),
  ])('says that there is no room: %j', async (answer) => {
    const { result } = await launchWith(answer);
    expect(await result).toMatchObject({ kind: 'no_capacity' });
  });

  it.each([
    failure('MISSING'),
    { json: { tasks: [], failures: [] } },
    exception('InvalidParameterException', 'TaskDefinition is inactive'),
    exception('ClusterNotFoundException', 'Cluster not found.'),
    exception('ConflictException', 'the same client token with other parameters'),
    exception('AccessDeniedException', 'not authorized to perform: iam:PassRole'),
  ] satisfies Answer[])('says that ECS refuses: %j', async (answer) => {
    const { result } = await launchWith(answer);
    expect(await result).toMatchObject({ kind: 'refused' });
  });

  it.each(['cut', { status: 500, json: { __type: 'ServerException' } }] satisfies Answer[])(
    'throws when nobody knows whether the task runs: %j',
    async (answer) => {
      const { result } = await launchWith(answer);
      await expect(result).rejects.toThrow(/./);
    },
  );
});
