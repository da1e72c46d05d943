// RunTask: checked as Fargate checks it, once per client token.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
import * as z from 'zod';
import type { Faults } from '#local/faults.ts';
import type { ContainerDefinition } from './container.ts';
import { describeTask } from './ecs-tasks.ts';
import type { EcsTasks, Task } from './ecs-tasks.ts';
import { AwsError, operation } from './json-api.ts';

export type TaskDefinition = {
  containers: Record<string, ContainerDefinition>;
  /** How many of its tasks fit on this machine at once. */
  room?: number;
};

const runTaskSchema = z.object({
  cluster: z.string().optional(),
  taskDefinition: z.string(),
  launchType: z.enum(['FARGATE', 'EC2', 'EXTERNAL', 'MANAGED_INSTANCES']).optional(),
  capacityProviderStrategy: z
    .array(
      z.object({
        capacityProvider: z.string(),
        weight: z.int().min(0).max(1000).optional(),
        base: z.int().optional(),
      }),
    )
    .max(20)
    .optional(),
  count: z.int().min(1).max(10).default(1),
  clientToken: z
    .string()
    .regex(/^[\x21-\x7e]{1,64}$/)
    .optional(),
  startedBy: z.string().max(128).optional(),
  networkConfiguration: z
    .object({
      awsvpcConfiguration: z.object({
        subnets: z.array(z.string()).max(16),
        securityGroups: z.array(z.string()).max(5).optional(),
        assignPublicIp: z.enum(['ENABLED', 'DISABLED']).optional(),
      }),
    })
    .optional(),
  overrides: z
    .object({
      containerOverrides: z
        .array(
          z.object({
            name: z.string(),
            command: z.array(z.string()).min(1).optional(),
            environment: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
          }),
        )
        .default([]),
    })
    .default({ containerOverrides: [] }),
});
type RunTask = z.infer<typeof runTaskSchema>;

type Deps = {
  taskDefinitions: Record<string, TaskDefinition>;
  faults: Faults;
  tasks: EcsTasks;
  start: (task: Task, definition: ContainerDefinition) => void;
  inCluster: (name: string | undefined) => void;
  clusterArn: string;
  now: () => number;
};

export const createRunTask = (deps: Deps) => {
  const { inCluster, taskDefinitions, faults, tasks, start, now } = deps;
  const tokens = new Map<string, { request: string; task: Task }>();

  return operation(runTaskSchema, (input) => {
    inCluster(input.cluster);
    const taskDefinition = taskDefinitions[input.taskDefinition];
    const { name, definition, capacityProvider } = check(input, taskDefinition);
    const request = JSON.stringify(input);
    const earlier = tokens.get(input.clientToken ?? '');
    if (earlier && isKept(earlier.task, now())) {
      if (earlier.request === request) return { tasks: [describeTask(earlier.task)], failures: [] };
      throw new AwsError(
        'ConflictException',
        'The provided clientToken is already in use with a different RunTask request.',
        { resourceIds: [earlier.task.arn] },
      );
    }
    const isFull = tasks.living() >= (taskDefinition?.room ?? Infinity);
    // whatever the fault's kind: that there is no room is an ordinary answer
    if (faults.take(`capacity of ${capacityProvider ?? 'FARGATE'}`) || isFull)
      return { tasks: [], failures: [{ reason: 'Capacity is unavailable at this time.' }] };
    const task = tasks.add({
      clusterArn: deps.clusterArn,
      taskDefinitionArn: input.taskDefinition,
      containerName: name,
      startedBy: input.startedBy,
      capacityProvider,
      overrides: input.overrides,
    });
    if (input.clientToken) tokens.set(input.clientToken, { request, task });
    const answer = { tasks: [describeTask(task)], failures: [] };
    start(task, definition);
    return answer;
  });
};

const hourMs = 60 * 60 * 1000;

/**
 * A token is kept for 24 h or until an hour after the task stopped, whichever is first:
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
 */
const isKept = ({ createdAt, stoppedAt }: Task, now: number) =>
  now < Math.min(createdAt + 24 * hourMs, (stoppedAt ?? Infinity) + hourMs);

const invalid = (message: string) => new AwsError('InvalidParameterException', message);

/** The one container to start, overrides applied; throws what ECS answers to a request that cannot run. */
const check = (input: RunTask, taskDefinition: TaskDefinition | undefined) => {
  if (!taskDefinition) throw new AwsError('ClientException', 'TaskDefinition not found.');
  const capacityProvider = checkCapacity(input);
  if (input.count !== 1) throw invalid('This house starts one task per call.');
  const network = input.networkConfiguration?.awsvpcConfiguration;
  if (!network)
    throw invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  if (network.subnets.length === 0) throw invalid('subnets can not be empty.');
  const [[name, definition] = []] = Object.entries(taskDefinition.containers);
  if (!name || !definition) throw new AwsError('ClientException', 'The task definition has no container.');
  const unknown = input.overrides.containerOverrides.find((override) => override.name !== name);
  if (unknown)
    throw invalid(`Override for container named ${unknown.name} is not a container in the TaskDefinition.`);
  return { name, definition: overridden(definition, input), capacityProvider };
};

/** The provider of a strategy of one; undefined for a launch type. */
const checkCapacity = ({
  launchType,
  capacityProviderStrategy: strategy = [],
}: RunTask): string | undefined => {
  if (launchType !== undefined && strategy.length > 0)
    throw invalid('Specify either a launch type or a capacity provider strategy, not both.');
  const [item, ...others] = strategy;
  if (others.length > 0) throw invalid('This house takes a strategy of one provider.');
  if (item && !['FARGATE', 'FARGATE_SPOT'].includes(item.capacityProvider))
    throw invalid('The specified capacity provider was not found in the cluster.');
  if (!item && launchType !== 'FARGATE')
    throw invalid('No Container Instances were found in your cluster: only FARGATE runs here.');
  return item?.capacityProvider;
};

const overridden = (definition: ContainerDefinition, { overrides }: RunTask): ContainerDefinition => {
  const [override] = overrides.containerOverrides;
  const added = override?.environment?.map(({ name, value }) => [name, value]) ?? [];
  return {
    ...definition,
    command: override?.command ?? definition.command,
    environment: { ...definition.environment, ...Object.fromEntries(added) },
  };
};
