import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { root } from '#test/support/operator.ts';

const programs = [
  'local/main.ts',
  'operator/main.ts',
  ...['crash', 'hostile', 'load', 'mutants'].map((name) => `test/${name}/main.ts`),
];

it.each(programs)('the help of %s is for a terminal of 80 columns', async (program) => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--help'], { cwd: root, env: {} });
  expect(stdout).toContain('--json');
  expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
});
