import type { Lane } from '#core/task.ts';

/** Spot is cheaper and may be taken back with two minutes' notice; on demand stays. */
export const capacities = ['spot', 'on_demand'] as const;
export type Capacity = (typeof capacities)[number];

export type LaunchInput = {
  /** Also the client token of RunTask: the same worker is never started twice (ECS remembers it for 24 h). */
  workerId: string;
  laneOrder: readonly Lane[];
};

export type LaunchResult =
  | { kind: 'started'; taskArn: string }
  /** No room now (capacity, vCPU limit, throttling): try again at the next tick. */
  | { kind: 'no_capacity'; reason: string }
  | { kind: 'refused'; reason: string };

export type Launcher = { launch: (input: LaunchInput) => Promise<LaunchResult> };
