// One for each defence. `from` stands in its file exactly once: a test looks, so that the list stays runnable.
import { confinementMutants } from './confinement.ts';
import { gatewayMutants } from './gateway.ts';
import { configurationMutants } from './configuration.ts';
import { publisherMutants } from './publisher.ts';
import type { Mutant } from './mutant.ts';

export const allMutants: readonly Mutant[] = [
  ...confinementMutants,
  ...gatewayMutants,
  ...configurationMutants,
  ...publisherMutants,
];
