import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostileHouse } from './hostile-house.ts';
import { startHostileHouse } from './hostile-house.ts';
import { runScenario } from './run-scenario.ts';
import { allScenarios } from './scenarios/all.ts';

const isRoot = process.getuid?.() === 0 && process.platform === 'linux';

describe('the list of hostile requests', () => {
  it('has at least sixty, each under a name of its own', () => {
    const ids = allScenarios.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThanOrEqual(60);
  });
});

// what the kernel keeps from the agent can only be seen where the agent has a user of its own
describe.runIf(isRoot)('a model that obeys the attacker', { timeout: 150_000 }, () => {
  let house: HostileHouse;
  beforeAll(async () => {
    house = await startHostileHouse();
  }, 120_000);
  afterAll(() => house.close());

  it.each(allScenarios.filter(({ isQuick }) => isQuick))('$id: $says', async (scenario) => {
    expect((await runScenario(house, scenario)).violations).toEqual([]);
  });
});
