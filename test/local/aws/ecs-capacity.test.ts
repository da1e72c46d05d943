import { tmpdir } from 'node:os';
import { DescribeTasksCommand, ECSClient, RunTaskCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import type { RunTaskCommandInput } from '@aws-sdk/client-ecs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEcs } from '#local/aws/ecs.ts';
import { aHouse, clientOf } from './house.ts';

const taskDefinitions = {
  worker: {
    containers: {
      worker: {
        command: [process.execPath, '-e', 'setTimeout(() => {}, 20_000)'],
        environment: {},
        cwd: tmpdir(),
      },
    },
    room: 2,
  },
};

describe('the capacity of ecs', () => {
  let house: ReturnType<typeof aHouse>;
  let local: Awaited<ReturnType<typeof startEcs>>;
  let client: ECSClient;

  beforeEach(async () => {
    house = aHouse();
    local = await startEcs({
      ...house,
      taskDefinitions,
      stopTimeoutMs: 300,
      path: '/usr/bin:/bin',
      onLog: () => {},
    });
    client = new ECSClient(clientOf(local.url));
  });
  afterEach(async () => {
    client.destroy();
    await local.close();
  });

  const ask = (more: Partial<RunTaskCommandInput> = {}) =>
    client.send(
      new RunTaskCommand({
        cluster: local.clusterArn,
        taskDefinition: 'worker',
        launchType: 'FARGATE',
        networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
        ...more,
      }),
    );
  const run = async (more: Partial<RunTaskCommandInput> = {}) => (await ask(more)).tasks![0]!.taskArn!;
  const describeTask = async (taskArn: string) => {
    const answer = await client.send(
      new DescribeTasksCommand({ cluster: local.clusterArn, tasks: [taskArn] }),
    );
    return answer.tasks![0]!;
  };

  describe('capacity providers', () => {
    const spot = { launchType: undefined, capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT' }] };
    const noRoom = (call: RegExp) => house.faults.inject({ call, fault: { kind: 'answer', status: 200 } });
    const failuresOf = async (more: Partial<RunTaskCommandInput>) => {
      const { tasks = [], failures } = await ask(more);
      for (const { taskArn } of tasks) await stop(taskArn!);
      return failures;
    };
    const stop = async (task: string) => {
      await client.send(new StopTaskCommand({ cluster: local.clusterArn, task }));
      await local.stopped(task);
    };

    it('take the place of the launch type', async () => {
      expect(await describeTask(await run(spot))).toMatchObject({ capacityProviderName: 'FARGATE_SPOT' });
      expect(await describeTask(await run())).toMatchObject({ launchType: 'FARGATE' });
    });

    it('can each be out of room while the other is not', async () => {
      noRoom(/^capacity of FARGATE_SPOT$/);
      expect(await failuresOf({})).toEqual([]);
      expect(await failuresOf(spot)).toEqual([{ reason: 'Capacity is unavailable at this time.' }]);
      expect(await failuresOf(spot)).toEqual([]);

      noRoom(/^capacity of FARGATE$/);
      expect(await failuresOf(spot)).toEqual([]);
      expect(await failuresOf({})).toHaveLength(1);
    });

    it.each<[string, Partial<RunTaskCommandInput>]>([
      ['beside a launch type', { capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT' }] }],
      [
        'that the cluster does not have',
        { launchType: undefined, capacityProviderStrategy: [{ capacityProvider: 'MINE' }] },
      ],
      ['of which there is none', { launchType: undefined }],
    ])('are refused %s', async (_, more) => {
      await expect(run(more)).rejects.toMatchObject({ name: 'InvalidParameterException' });
    });

    it('make another request of the same client token', async () => {
      await run({ clientToken: 'w1', ...spot });
      await expect(run({ clientToken: 'w1' })).rejects.toMatchObject({ name: 'ConflictException' });
    });
  });

  describe('tasks that share this machine', () => {
    it('are no more than fit, and one that is gone makes room', async () => {
      const first = await run();
      await run();
      const { tasks, failures } = await ask();
      expect([tasks, failures]).toEqual([[], [{ reason: 'Capacity is unavailable at this time.' }]]);
      await client.send(new StopTaskCommand({ cluster: local.clusterArn, task: first }));
      await local.stopped(first);
      expect((await ask()).failures).toEqual([]);
    });
  });
});
