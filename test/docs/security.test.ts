// The tables of attacks name scenarios and tests that are there, and leave out no row.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { allScenarios } from '#test/hostile/scenarios/all.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${root}docs/security-rows.md`, 'utf8');
const text = readFileSync(`${root}docs/security.md`, 'utf8');

const upTo = (name: string, last: number) =>
  Array.from({ length: last }, (_, index) => `${name}${index + 1}`);
const rows = [...upTo('', 25), ...upTo('GIT-', 12), ...upTo('INJ-', 9), ...upTo('SBX-', 7), 'RED'];
const cells = new Map(
  [...page.matchAll(/^\| (\S+) +\|.*\|([^|]*)\|$/gm)].map(([, row = '', shown = '']) => [row, shown]),
);
const ids = new Set(allScenarios.map(({ id }) => id));

describe('the tables of attacks', () => {
  it.each(rows)('show row %s by something that is there', (row) => {
    const names = [...(cells.get(row) ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    expect(names.length > 0 || cells.get(row)?.includes('every scenario')).toBe(true);
    for (const name of names) expect(ids.has(name) || existsSync(`${root}${name}`) || name).toBe(true);
  });
});

describe('docs/security.md', () => {
  it('shows commands that package.json has', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(`${root}package.json`, 'utf8'),
    );
    const named = [...text.matchAll(/^npm run ([\w:]+)/gm)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(3);
    for (const name of named) expect(scripts).toHaveProperty(name);
  });
});
