// Amazon ECS on Fargate by its protocol: RunTask, StopTask, DescribeTasks, ListTasks; a task is a process of this machine.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
import * as z from 'zod';
import { startContainer } from './container.ts';
import type { ContainerDefinition } from './container.ts';
import { createEcsTasks, describeTask } from './ecs-tasks.ts';
import type { EcsTasks, Task } from './ecs-tasks.ts';
import { AwsError, operation, startJsonApi } from './json-api.ts';
import { arn } from './names.ts';
import { createRunTask } from './run-task.ts';
import type { TaskDefinition } from './run-task.ts';
import type { House } from './server.ts';

type Options = House & {
  /** By the ARN, or family:revision, that callers give. Exactly one container each. */
  taskDefinitions: Record<string, TaskDefinition>;
  /** Between SIGTERM and SIGKILL: 30 s on Fargate when the task definition does not say. */
  stopTimeoutMs: number;
  /** The only thing that a container gets of the house's own environment. */
  path: string;
  onLog: (taskArn: string, line: string) => void;
  /** The process leads its own group: whoever must clean up after a killed house remembers it. */
  onStart?: (pid: number) => void;
  clusterArn?: string;
  port?: number;
  now?: () => number;
};

const defaultClusterArn = arn('ecs', 'cluster/agent-bot');

export const startEcs = async (options: Options) => {
  const { stopTimeoutMs, clusterArn = defaultClusterArn, now = Date.now, journal } = options;
  const tasks = createEcsTasks({ now, journal, stopTimeoutMs });
  const start = (task: Task, definition: ContainerDefinition) => {
    const container = startContainer({
      ...definition,
      environment: { PATH: options.path, ...definition.environment },
      onLog: (line) => options.onLog(task.arn, line),
    });
    if (container.pid !== undefined) options.onStart?.(container.pid);
    tasks.started(task, container);
  };
  const inCluster = (name = 'default') => {
    if (name !== clusterArn && name !== clusterArn.split('/').at(-1))
      throw new AwsError('ClusterNotFoundException', 'Cluster not found.');
  };

  const api = await startJsonApi({
    ...options,
    twin: 'ecs',
    service: 'AmazonEC2ContainerServiceV20141113',
    detail: (input, output) => ({ input, output }),
    operations: {
      RunTask: createRunTask({ ...options, tasks, start, inCluster, clusterArn, now }),
      ...taskOperations(tasks, inCluster),
    },
  });
  return {
    url: api.url,
    clusterArn,
    /** How the task ended; waits for it. */
    stopped: tasks.stopped,
    close: async () => {
      await api.close();
      await tasks.stopAll('the house closes');
    },
  };
};

const inClusterSchema = z.object({ cluster: z.string().optional() });
const stopSchema = inClusterSchema.extend({ task: z.string(), reason: z.string().max(1024).optional() });
const describeSchema = inClusterSchema.extend({ tasks: z.array(z.string()).min(1).max(100) });
const listSchema = inClusterSchema.extend({
  desiredStatus: z.enum(['RUNNING', 'PENDING', 'STOPPED']).default('RUNNING'),
  startedBy: z.string().optional(),
  family: z.string().optional(),
  maxResults: z.int().min(1).max(100).default(100),
  nextToken: z.string().regex(/^\d+$/).optional(),
});

const taskOperations = (tasks: EcsTasks, inCluster: (name: string | undefined) => void) => ({
  StopTask: operation(stopSchema, (input) => {
    inCluster(input.cluster);
    const task = tasks.find(input.task);
    if (!task) throw new AwsError('InvalidParameterException', 'The referenced task was not found.');
    tasks.stop(task, input.reason ?? 'Task stopped by user');
    return { task: describeTask(task) };
  }),
  DescribeTasks: operation(describeSchema, (input) => {
    inCluster(input.cluster);
    return {
      tasks: input.tasks.flatMap((id) => tasks.find(id) ?? []).map(describeTask),
      failures: input.tasks.filter((id) => !tasks.find(id)).map((id) => ({ arn: id, reason: 'MISSING' })),
    };
  }),
  ListTasks: operation(listSchema, (input) => {
    inCluster(input.cluster);
    return list(tasks.all(), input);
  }),
});

const list = (tasks: readonly Task[], input: z.infer<typeof listSchema>) => {
  const matching = tasks.filter(
    (task) =>
      task.desiredStatus === input.desiredStatus &&
      (input.startedBy === undefined || task.startedBy === input.startedBy) &&
      (input.family === undefined || familyOf(task) === input.family),
  );
  const start = Number(input.nextToken ?? 0);
  const end = start + input.maxResults;
  return {
    taskArns: matching.slice(start, end).map((task) => task.arn),
    nextToken: end < matching.length ? String(end) : undefined,
  };
};

const familyOf = ({ taskDefinitionArn }: Task) => taskDefinitionArn.split('/').at(-1)?.split(':')[0];
