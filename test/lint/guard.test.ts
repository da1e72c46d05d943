// The sources of the guard are held to what the compiler can see, and to the size of everything here.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { compileGuard } from '#local/guard-binary.ts';
import { canGuard } from '#test/support/guard.ts';

const sources = fileURLToPath(new URL('../../worker-image/guard', import.meta.url));
const strict = '-Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror'.split(
  ' ',
);

describe('the sources of the guard', () => {
  const folder = mkdtempSync(join(tmpdir(), 'guard-lint-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.runIf(canGuard)('compile without a warning', { timeout: 60_000 }, async () => {
    await compileGuard(join(folder, 'guard'), strict);
    expect(readdirSync(folder)).toEqual(['guard']);
  });

  it('are small files of small functions', () => {
    for (const name of readdirSync(sources)) {
      const lines = readFileSync(join(sources, name), 'utf8').split('\n');
      const starts = lines.flatMap((line, at) => (line === '{' ? [at] : []));
      const lengths = starts.map((start) => lines.indexOf('}', start) - start);
      expect([name, lines.length < 300, lengths.every((length) => length < 60)]).toEqual([name, true, true]);
    }
  });
});
