import type { ECSClient, RunTaskCommandInput, Task } from '@aws-sdk/client-ecs';
import {
  DescribeTasksCommand,
  ECSServiceException,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import { cutText } from '#core/cut-text.ts';
import type { Capacity, Launcher, LaunchInput, LaunchResult, TaskState } from '#core/ports/launcher.ts';

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

  look: async (taskArns) => {
    const states = new Map<string, TaskState>();
    for (let start = 0; start < taskArns.length; start += tasksPerLook) {
      const some = taskArns.slice(start, start + tasksPerLook);
      const command = new DescribeTasksCommand({ cluster: settings.cluster, tasks: some });
      const { tasks = [], failures = [] } = await client.send(command);
      for (const task of tasks) if (task.taskArn) states.set(task.taskArn, toState(task));
      for (const { arn, reason } of failures) if (arn && reason === 'MISSING') states.set(arn, missing);
    }
    return states;
  },

  stop: async (taskArn, reason) => {
    await client.send(new StopTaskCommand({ cluster: settings.cluster, task: taskArn, reason }));
  },
});

/** The most that DescribeTasks takes. */
const tasksPerLook = 100;

const runTask = (settings: LaunchSettings, { workerId, laneOrder, capacity }: LaunchInput) =>
  new RunTaskCommand({
    cluster: settings.cluster,
    taskDefinition: settings.taskDefinition,
    clientToken: workerId,
    count: 1,
    ...placement[capacity],
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

/** A strategy and a launch type exclude each other. Spot alone: ECS itself would never fall back to on demand. */
const placement = {
  on_demand: { launchType: 'FARGATE' },
  spot: { capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }] },
} satisfies { [C in Capacity]: Pick<RunTaskCommandInput, 'launchType' | 'capacityProviderStrategy'> };

/**
 * ECS has no code for "no room", only sentences: `RESOURCE:CPU`, `Capacity is unavailable at this time`, `You've reached
 * the limit on the number of vCPUs`. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
 */
const noRoom = /^RESOURCE:|capacity|throttl|rate exceeded|limit/i;

const toFailure = (reason: string): LaunchResult => ({
  kind: noRoom.test(reason) ? 'no_capacity' : 'refused',
  reason,
});

const missing: TaskState = { kind: 'missing' };

const toState = ({ lastStatus, desiredStatus, ...task }: Task): TaskState => {
  if (lastStatus === 'STOPPED') return { kind: 'stopped', reason: whyStopped(task) };
  return { kind: desiredStatus === 'STOPPED' ? 'stopping' : 'alive' };
};

/** Why an image cannot be pulled or a process was killed stands sometimes with the task, sometimes with its container. */
const whyStopped = ({ stopCode, stoppedReason, containers = [] }: Task): string => {
  const own = containers.map(({ reason, exitCode }) => reason ?? (exitCode && `exit code ${exitCode}`));
  const parts = [stopCode, stoppedReason, ...own].filter((part) => part);
  return cutText(parts.join('; ') || 'ECS gives no reason', maxReasonBytes, '…');
};

const maxReasonBytes = 1_000;
