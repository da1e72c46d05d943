import type { ECSClient } from '@aws-sdk/client-ecs';
import { ECSServiceException, RunTaskCommand } from '@aws-sdk/client-ecs';
import type { Launcher, LaunchInput, LaunchResult } from '#core/ports/launcher.ts';

export type LaunchSettings = {
  cluster: string;
  taskDefinition: string;
  container: string;
  subnets: string[];
  securityGroups: string[];
};

export const createLauncher = (client: ECSClient, settings: LaunchSettings): Launcher => ({
  launch: async (input) => {
    try {
      const { tasks: [task] = [], failures: [failure] = [] } = await client.send(runTask(settings, input));
      if (task?.taskArn) return { kind: 'started', taskArn: task.taskArn };
      // HTTP 200 with failures[] is a failure: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
      return toFailure(failure?.reason ?? 'RunTask started nothing and gave no reason');
    } catch (error) {
      // no clear answer means that the worker may run: only ECS's own refusals are results
      if (error instanceof ECSServiceException && error.$fault === 'client') {
        return toFailure(`${error.name}: ${error.message}`);
      }
      throw error;
    }
  },
});

const runTask = (settings: LaunchSettings, { workerId, laneOrder }: LaunchInput) =>
  new RunTaskCommand({
    cluster: settings.cluster,
    taskDefinition: settings.taskDefinition,
    clientToken: workerId,
    count: 1,
    launchType: 'FARGATE',
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: settings.subnets,
        securityGroups: settings.securityGroups,
        assignPublicIp: 'ENABLED', // the way out without a NAT gateway
      },
    },
    overrides: {
      containerOverrides: [
        {
          name: settings.container,
          environment: [
            { name: 'WORKER_ID', value: workerId },
            { name: 'LANE_ORDER', value: laneOrder.join(',') },
          ],
        },
      ],
    },
  });

/**
 * ECS has no code for "no room", only sentences: `RESOURCE:CPU`, `Capacity is unavailable at this time`, `You've reached
 * the limit on the number of vCPUs`. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
 */
const noRoom = /^RESOURCE:|capacity|throttl|rate exceeded|limit/i;

const toFailure = (reason: string): LaunchResult => ({
  kind: noRoom.test(reason) ? 'no_capacity' : 'refused',
  reason,
});
