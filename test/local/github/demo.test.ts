import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { House } from './start-twin.ts';
import { cloneUrl, git, mintToken, startTwin } from './start-twin.ts';

const execute = promisify(execFile);
const source = join(import.meta.dirname, '../../../local/demo/shop');

/** As the agent would run it: nothing of this test run's environment. */
const runTest = (cwd: string, file: string) =>
  execute(process.execPath, ['--test', file], { cwd, env: {} }).then(
    ({ stdout }) => ({ ok: true, stdout }),
    (error: { stdout?: string }) => ({ ok: false, stdout: error.stdout ?? '' }),
  );

describe('the demo repository', () => {
  let house: House;
  beforeAll(async () => {
    house = await startTwin();
  });
  afterAll(() => house.close());

  it('is the same commit on every machine: the files of local/demo/shop and nothing else', async () => {
    const other = await startTwin();
    await other.close();
    expect(other.demo.headSha).toBe(house.demo.headSha);
    await git(house, house.folder, 'clone', '--quiet', cloneUrl(house, await mintToken(house)), 'shop');
    const { stdout } = await git(house, join(house.folder, 'shop'), 'ls-files');
    const expected = [
      'CLAUDE.md',
      'README.md',
      'greeting.js',
      'greeting.test.js',
      'package.json',
      'total.js',
      'total.test.js',
    ];
    expect(stdout.split('\n')).toEqual(expected);
    expect(await readFile(join(house.folder, 'shop', 'total.js'))).toEqual(
      await readFile(join(source, 'total.js')),
    );
  });

  it('has an issue for each fault and people with and without rights', () => {
    const { issues } = house.twin.repository(house.demo.repository);
    expect([...issues.values()].map(({ number, title }) => [number, title])).toEqual([
      [house.demo.issues.total, 'The total test fails'],
      [house.demo.issues.greeting, 'The greeting test fails'],
    ]);
  });
});

describe('the faults of the demo', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'demo-shop-'));
    await cp(source, folder, { recursive: true });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['total', 'total(100, 20) should be 120, got 80', ['price - tax', 'price + tax'] as const],
    [
      'greeting',
      "greeting('customer') should be 'Welcome to the shop, customer!', got 'Welcome to the ship, customer!'",
      ['Welcome to the ship, ', 'Welcome to the shop, '] as const,
    ],
  ])(
    'show in %s.js: the call, what was expected, what came; and one edit ends them',
    async (name, message, [wrong, right]) => {
      const before = await runTest(folder, `${name}.test.js`);
      expect([before.ok, before.stdout]).toEqual([false, expect.stringContaining(message)]);
      const file = join(folder, `${name}.js`);
      const text = await readFile(file, 'utf8');
      expect(text.split(wrong)).toHaveLength(2);
      await writeFile(file, text.replace(wrong, right));
      expect((await runTest(folder, `${name}.test.js`)).ok).toBe(true);
    },
  );
});
