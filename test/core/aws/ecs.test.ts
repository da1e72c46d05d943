import { ECSClient } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { createLauncher } from '#core/aws/ecs.ts';
import type { Capacity } from '#core/ports/launcher.ts';
import { onLoopback } from '#test/support/aws-client.ts';
import type { Answer } from '#test/support/http-server.ts';
import { startServer } from '#test/support/http-server.ts';

const taskArn = 'arn:aws:ecs:us-east-1:000000000000:task/c/1';
const workerId = '6f8b5a1e-31d3-4f6b-9f0e-6f1d2c3b4a59';
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const launcherWith = async (...answers: Answer[]) => {
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
  return { server, launcher };
};
const launchOn = async (capacity: Capacity, ...answers: Answer[]) => {
  const { server, launcher } = await launcherWith(...answers);
  return { server, result: launcher.launch({ workerId, laneOrder: ['low', 'high', 'normal'], capacity }) };
};
const launchWith = (...answers: Answer[]) => launchOn('on_demand', ...answers);
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

  it('asks for Spot by a strategy in the place of the launch type', async () => {
    const { server, result } = await launchOn('spot', started);
    expect(await result).toMatchObject({ kind: 'started' });
    const { launchType, capacityProviderStrategy } = JSON.parse(server.seen[0]!.body) as Record<
      string,
      unknown
    >;
    expect({ launchType, capacityProviderStrategy }).toEqual({
      launchType: undefined,
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
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

  it('says what became of tasks, with the reason that ECS gives', async () => {
    const task = (id: number, more: object) => ({ taskArn: `arn:${id}`, ...more });
    const { server, launcher } = await launcherWith({
      json: {
        tasks: [
          task(1, { lastStatus: 'PENDING', desiredStatus: 'RUNNING' }),
          task(2, { lastStatus: 'DEACTIVATING', desiredStatus: 'STOPPED' }),
          task(3, {
            lastStatus: 'STOPPED',
            desiredStatus: 'STOPPED',
            stopCode: 'TaskFailedToStart',
            stoppedReason: 'CannotPullContainerError: no such image',
          }),
          task(4, {
            lastStatus: 'STOPPED',
            stopCode: 'EssentialContainerExited',
            stoppedReason: 'Essential container in task exited',
            containers: [{ exitCode: 137, reason: 'OutOfMemoryError: container killed' }],
          }),
          task(5, { lastStatus: 'STOPPED', containers: [{ exitCode: 78 }] }),
          task(6, { lastStatus: 'STOPPED' }),
        ],
        failures: [
          { arn: 'arn:7', reason: 'MISSING' },
          { arn: 'arn:8', reason: 'something else' },
        ],
      },
    });
    expect(
      Object.fromEntries(await launcher.look([1, 2, 3, 4, 5, 6, 7, 8].map((id) => `arn:${id}`))),
    ).toEqual({
      'arn:1': { kind: 'alive' },
      'arn:2': { kind: 'stopping' },
      'arn:3': { kind: 'stopped', reason: 'TaskFailedToStart; CannotPullContainerError: no such image' },
      'arn:4': {
        kind: 'stopped',
        reason:
          'EssentialContainerExited; Essential container in task exited; OutOfMemoryError: container killed',
      },
      'arn:5': { kind: 'stopped', reason: 'exit code 78' },
      'arn:6': { kind: 'stopped', reason: 'ECS gives no reason' },
      'arn:7': { kind: 'missing' },
    });
    expect(JSON.parse(server.seen[0]!.body)).toMatchObject({ cluster: 'c' });
  });

  it('looks at a hundred tasks at a time, which is the most that ECS answers', async () => {
    const nothing: Answer = { json: { tasks: [], failures: [] } };
    const { server, launcher } = await launcherWith(nothing, nothing, nothing);
    await launcher.look(Array.from({ length: 201 }, (_, id) => `arn:${id}`));
    const sizes = server.seen.map(({ body }) => (JSON.parse(body) as { tasks: string[] }).tasks.length);
    expect(sizes).toEqual([100, 100, 1]);
  });

  it('stops a task with the reason that ECS will show', async () => {
    const { server, launcher } = await launcherWith({ json: { task: { taskArn } } });
    await launcher.stop(taskArn, 'agent-bot: enough');
    expect(JSON.parse(server.seen[0]!.body)).toEqual({
      cluster: 'c',
      task: taskArn,
      reason: 'agent-bot: enough',
    });
  });
});
