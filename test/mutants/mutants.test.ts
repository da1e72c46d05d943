// That the list can be run at all; `npm run test:mutants` runs it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allScenarios } from '#test/hostile/scenarios/all.ts';
import { allMutants } from './all.ts';

const root = join(import.meta.dirname, '../..');
const known = new Set(allScenarios.map(({ id }) => id));

describe('the list of weakened defences', () => {
  it('names each once', () => {
    expect(new Set(allMutants.map(({ id }) => id)).size).toBe(allMutants.length);
    expect(allMutants.length).toBeGreaterThan(30);
  });

  it.each(allMutants)(
    '$id changes code that is there, and asks scenarios that are there',
    ({ edits, scenarios }) => {
      for (const { file, from, to } of edits) {
        expect(readFileSync(join(root, file), 'utf8').split(from), `${file}: ${from}`).toHaveLength(2);
        expect(to).not.toBe(from);
      }
      expect(scenarios.filter((id) => !known.has(id))).toEqual([]);
      expect(scenarios).not.toEqual([]);
    },
  );
});
