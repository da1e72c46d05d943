import type { Lane } from '#core/task.ts';

/** Spot is cheaper and may be taken back with two minutes' notice; on demand stays. */
export const capacities = ['spot', 'on_demand'] as const;
export type Capacity = (typeof capacities)[number];

export type LaunchInput = {
  /** Also the client token of RunTask: the same worker is never started twice (ECS remembers it for 24 h). */
  workerId: string;
  laneOrder: readonly Lane[];
  capacity: Capacity;
};

export type LaunchResult =
  | { kind: 'started'; taskArn: string }
  /** No room now (capacity, vCPU limit, throttling): try again at the next tick. */
  | { kind: 'no_capacity'; reason: string }
  | { kind: 'refused'; reason: string };

/** What became of a task that was started. */
export type TaskState =
  | { kind: 'alive' }
  | { kind: 'stopping' }
  | { kind: 'stopped'; reason: string }
  /** ECS forgets a stopped task after about an hour. */
  | { kind: 'missing' };

export type Launcher = {
  launch: (input: LaunchInput) => Promise<LaunchResult>;
  /** By ARN; of a task that ECS says nothing about there is no entry. */
  look: (taskArns: readonly string[]) => Promise<ReadonlyMap<string, TaskState>>;
  /** SIGTERM, and SIGKILL two minutes later. Of a task that has stopped it changes nothing. */
  stop: (taskArn: string, reason: string) => Promise<void>;
};
