// The table of faults names tests that are there, and leaves out no fault.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${root}docs/reliability-rows.md`, 'utf8');

const upTo = (name: string, last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, index) => `${name}${first + index}`);
const rows = [
  ...upTo('PG-', 9),
  ...upTo('DUP-', 9),
  ...upTo('FIFO-', 9),
  ...upTo('ROT-', 5),
  ...upTo('TOK-', 7),
  ...upTo('SPD-', 1),
  ...upTo('OPS-', 3),
  ...upTo('K', 19, 0),
  ...upTo('CLI-', 14),
  ...upTo('SCL-', 5),
  ...upTo('SWP-', 2),
];
/** `file` › *name* › *another name* */
const named = [...page.matchAll(/`(test\/[^`]+\.ts)`((?: › \*[^*]+\*)*)/g)].map(
  ([, file = '', names = '']) => ({
    file,
    names: [...names.matchAll(/\*([^*]+)\*/g)].map(([, name = '']) => name),
  }),
);

describe('the table of faults', () => {
  it.each(rows)('has %s', (row) => {
    expect(page).toMatch(new RegExp(`^\\|[^|]*\\b${row}\\b[^|]*\\|`, 'm'));
  });

  it('names tests', () => {
    expect(named.length).toBeGreaterThan(40);
  });

  it.each(named)('names $file with what it has', ({ file, names }) => {
    const files = globSync(file, { cwd: root });
    expect(files).not.toEqual([]);
    const text = files.map((found) => readFileSync(`${root}${found}`, 'utf8')).join('\n');
    for (const name of names) expect(text).toContain(name);
  });
});
