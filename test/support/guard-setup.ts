// The guard of the agent, compiled and tried out once for a whole test run.
import { randomInt } from 'node:crypto';
import type { TestProject } from 'vitest/node';
import { guardBinary } from '#local/guard-binary.ts';
import type { Guard } from '#worker/sandbox/guard.ts';
import { probeGuard } from '#worker/sandbox/guard.ts';

declare module 'vitest' {
  // declaration merging is how vitest learns of it
  // oxlint-disable-next-line typescript/consistent-type-definitions
  export interface ProvidedContext {
    guard: Guard | undefined;
  }
}

export const setup = async ({ provide }: TestProject) => {
  const path = await guardBinary();
  if (path === undefined) return provide('guard', undefined);
  const probed = await probeGuard(path, randomInt(1_000_000, 2_000_000_000));
  if (probed.kind === 'refused') throw new Error(`the agent cannot be kept in here: ${probed.because}`);
  if (probed.because !== undefined)
    process.stdout.write(`the agent has no loopback network here: ${probed.because}\n`);
  provide('guard', probed.guard);
};
