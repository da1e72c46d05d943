import type { Scenario } from '#test/hostile/scenario.ts';
import { changeScenarios } from './change.ts';
import { configurationScenarios } from './configuration.ts';
import { gatewayScenarios } from './gateway.ts';
import { intentScenarios } from './intents.ts';
import { networkScenarios } from './network.ts';
import { processScenarios } from './processes.ts';
import { repositoryScenarios } from './repository.ts';
import { requestScenarios } from './request.ts';
import { supervisorScenarios } from './supervisor.ts';
import { wordScenarios } from './words.ts';

export const allScenarios: readonly Scenario[] = [
  ...supervisorScenarios,
  ...networkScenarios,
  ...gatewayScenarios,
  ...processScenarios,
  ...repositoryScenarios,
  ...changeScenarios,
  ...configurationScenarios,
  ...wordScenarios,
  ...requestScenarios,
  ...intentScenarios,
];
