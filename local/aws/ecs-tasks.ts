// The tasks of the ECS fake and their states.
import { randomBytes } from 'node:crypto';
import type { Journal } from '#local/journal.ts';
import type { Container, ContainerEnd } from './container.ts';
import { arn } from './names.ts';

type StopCode = 'EssentialContainerExited' | 'TaskFailedToStart' | 'UserInitiated';

export type Task = {
  arn: string;
  clusterArn: string;
  taskDefinitionArn: string;
  containerName: string;
  startedBy: string | undefined;
  capacityProvider: string | undefined;
  overrides: unknown;
  lastStatus: 'PROVISIONING' | 'RUNNING' | 'STOPPING' | 'STOPPED';
  desiredStatus: 'RUNNING' | 'STOPPED';
  createdAt: number;
  startedAt?: number;
  stoppedAt?: number;
  exitCode?: number;
  stopCode?: StopCode;
  stoppedReason?: string;
};

type NewTask = Omit<Task, 'arn' | 'lastStatus' | 'desiredStatus' | 'createdAt'>;
type Options = { now: () => number; journal: Journal; stopTimeoutMs: number };

export type EcsTasks = ReturnType<typeof createEcsTasks>;

export const createEcsTasks = ({ now, journal, stopTimeoutMs }: Options) => {
  const tasks = new Map<string, Task>();
  const containers = new Map<string, Container>();
  const ends = new Map<string, Promise<Task>>();

  const record = (task: Task) =>
    journal.record({
      twin: 'ecs',
      call: `task ${task.lastStatus}`,
      status: task.exitCode ?? 0,
      detail: { taskArn: task.arn, stopCode: task.stopCode, stoppedReason: task.stoppedReason },
    });
  const add = (input: NewTask): Task => {
    const id = randomBytes(16).toString('hex');
    const task: Task = {
      ...input,
      arn: arn('ecs', `task/${input.clusterArn.split('/').at(-1)}/${id}`),
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      createdAt: now(),
    };
    tasks.set(task.arn, task);
    return task;
  };
  const started = (task: Task, container: Container) => {
    containers.set(task.arn, container);
    if (container.pid !== undefined) {
      Object.assign(task, { lastStatus: 'RUNNING', startedAt: now() });
      record(task);
    }
    const ended = container.ended.then((end) => {
      settle(task, { end, stoppedAt: now() });
      record(task);
      return task;
    });
    ends.set(task.arn, ended);
  };
  const stop = (task: Task, reason: string) => {
    if (task.desiredStatus === 'STOPPED') return;
    Object.assign(task, { lastStatus: 'STOPPING', desiredStatus: 'STOPPED' });
    Object.assign(task, { stopCode: 'UserInitiated', stoppedReason: reason });
    void containers.get(task.arn)?.stop(stopTimeoutMs);
  };
  /** By ARN or by the id at its end. */
  const find = (id: string) =>
    tasks.get(id) ?? [...tasks.values()].find((task) => task.arn.split('/').at(-1) === id);
  const stopped = async (taskArn: string) => {
    const task = await ends.get(taskArn);
    if (!task) throw new Error(`no task ${taskArn} was started`);
    return task;
  };
  const stopAll = async (reason: string) => {
    for (const task of tasks.values()) stop(task, reason);
    await Promise.all(ends.values());
  };
  const living = () => [...tasks.values()].filter(({ lastStatus }) => lastStatus !== 'STOPPED').length;
  return { add, living, started, stop, find, stopped, stopAll, all: () => [...tasks.values()] };
};

/** Who stopped it stays written; a container's own end is told only of one that nobody stopped. */
const settle = (task: Task, { end, stoppedAt }: { end: ContainerEnd; stoppedAt: number }) => {
  Object.assign(task, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', stoppedAt });
  if (end.kind === 'exited') task.exitCode = end.exitCode;
  task.stopCode ??= end.kind === 'exited' ? 'EssentialContainerExited' : 'TaskFailedToStart';
  task.stoppedReason ??=
    end.kind === 'exited' ? 'Essential container in task exited' : `CannotStartContainerError: ${end.reason}`;
};

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html; times are seconds. */
export const describeTask = (task: Task) => ({
  taskArn: task.arn,
  clusterArn: task.clusterArn,
  taskDefinitionArn: task.taskDefinitionArn,
  ...(task.capacityProvider ? { capacityProviderName: task.capacityProvider } : { launchType: 'FARGATE' }),
  lastStatus: task.lastStatus,
  desiredStatus: task.desiredStatus,
  startedBy: task.startedBy,
  overrides: task.overrides,
  createdAt: task.createdAt / 1000,
  startedAt: task.startedAt && task.startedAt / 1000,
  stoppedAt: task.stoppedAt && task.stoppedAt / 1000,
  stopCode: task.stopCode,
  stoppedReason: task.stoppedReason,
  containers: [
    {
      name: task.containerName,
      taskArn: task.arn,
      lastStatus: task.lastStatus === 'PROVISIONING' ? 'PENDING' : task.lastStatus,
      exitCode: task.exitCode,
    },
  ],
});
